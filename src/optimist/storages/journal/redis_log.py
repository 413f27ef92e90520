"""A journal in Redis: a list to which a script appends, if nobody else has in the meantime.

Writers take no lock. Each says how long the list was when it looked; if it has grown since, nothing is appended and
the writer looks again. When the connection breaks, the answer may be lost although the line was appended; then the
list says what became of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from optimist.exceptions import MissingDependencyError, StorageInternalError
from optimist.logging import get_logger
from optimist.storages.journal.log import Line, Log, LogReplaced, Tail

_LINES_AT_ONCE: Final = 5000
_GAP: Final = 100
_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 30.0
_FIRST_PAUSE_S: Final = 0.05
_LAST_PAUSE_S: Final = 2.0

# KEYS: list, generation. A list that was rewritten is of another generation, one that has lost its end is shorter.
_READ: Final = """
local generation = redis.call('GET', KEYS[2]) or '0'
local length = redis.call('LLEN', KEYS[1])
local start = tonumber(ARGV[2])
if generation ~= ARGV[1] or length < start then start = 0 end
return {generation, start, redis.call('LRANGE', KEYS[1], start, start + tonumber(ARGV[3]) - 1)}
"""
_FETCH: Final = """
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] then return false end
return redis.call('LRANGE', KEYS[1], ARGV[2], ARGV[3])
"""
_APPEND: Final = """
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] or redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[2]) then
  return 0
end
redis.call('RPUSH', KEYS[1], ARGV[3])
return 1
"""
# The new lines stand ready in the list KEYS[3]; ARGV[3] says whether the old ones are kept as KEYS[4].
_REPLACE: Final = """
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] or redis.call('LLEN', KEYS[1]) ~= tonumber(ARGV[2]) then
  redis.call('DEL', KEYS[3])
  return 0
end
if ARGV[3] == '1' then redis.call('RENAME', KEYS[1], KEYS[4]) end
redis.call('RENAME', KEYS[3], KEYS[1])
redis.call('INCR', KEYS[2])
return 1
"""

ResultT = TypeVar("ResultT")
_logger = get_logger(__name__)


class RedisLog(Log):
    """Lines of a list in Redis.

    Args:
        url: Such as ``redis://host:6379/0``.
        use_cluster: Whether the server is a cluster.
        prefix: What the names of all keys begin with.

    Attributes:
        client: The connection.
        patience_s: How long to look for a server that does not answer.

    Raises:
        MissingDependencyError: The library ``redis`` is not installed.
        StorageInternalError: The server cannot be reached.
    """

    def __init__(self, url: str, use_cluster: bool = False, prefix: str = "") -> None:
        try:
            import redis
        except ImportError as error:
            raise MissingDependencyError(
                "A journal in Redis needs the library redis, which is not installed. Install it with: "
                "pip install 'optimist[redis]'"
            ) from error
        self._errors = redis.exceptions
        make: Any = redis.cluster.RedisCluster if use_cluster else redis.Redis
        # What the URL says of these goes first.
        self.client: Any = make.from_url(url, socket_connect_timeout=_CONNECT_S, socket_timeout=_ANSWER_S)
        self.patience_s = 75.0
        # The braces keep all keys on one server of a cluster.
        self.key = f"{prefix}{{optimist}}:journal"
        self._keys = (self.key, f"{self.key}:generation")
        self.name = f"The journal {self.key} at {masked(url)}"
        self._generation = b""  # none that any list has
        self._n_read = 0

    def read(self) -> Tail:
        asked = (self._generation, self._n_read)
        generation, start, lines = self._retried(
            lambda: self.client.eval(_READ, 2, *self._keys, *asked, _LINES_AT_ONCE if self._generation else 0)
        )
        is_new = (generation, start) != asked
        self._generation = generation
        self._n_read = start + len(lines)
        found: list[Line] = list(enumerate(lines, start))
        return Tail(found, is_new)

    def fetch(self, refs: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        lines: list[bytes] = []
        start = 0
        for i in range(1, len(refs) + 1):
            if i == len(refs) or refs[i] - refs[i - 1] > _GAP or refs[i] - refs[start] > _LINES_AT_ONCE:
                lines.extend(self._fetch(refs[start:i]))
                start = i
        return lines

    def _fetch(self, refs: Sequence[int]) -> list[bytes]:
        first, last = refs[0], refs[-1]
        lines = self._retried(lambda: self.client.eval(_FETCH, 2, *self._keys, self._generation, first, last))
        if lines is None or len(lines) <= last - first:
            raise LogReplaced
        return [lines[ref - first] for ref in refs]

    def rewind(self) -> None:
        self._n_read = 0

    def append(self, line: bytes) -> int | None:
        ref = self._n_read
        try:
            is_appended = self._once(lambda: self.client.eval(_APPEND, 2, *self._keys, self._generation, ref, line))
        except self._errors.ConnectionError as error:  # it may be there or not: reading on, with patience, will tell
            _logger.warning("%s: the connection broke (%s).", self.name, error)
            return None
        except self._errors.TimeoutError:
            return None
        if not is_appended:
            return None
        self._n_read += 1
        return ref

    def make_durable(self) -> None:
        """Nothing: the server's ``appendfsync`` says what an answer means."""

    def rewrite(self, lines: Sequence[bytes], keep_as: str | None = None) -> str | None:
        new, kept = f"{self.key}:rewriting", f"{self.key}{keep_as or ':unused'}"

        def replace() -> Any:
            self.client.delete(new)
            for start in range(0, len(lines), _LINES_AT_ONCE):
                self.client.rpush(new, *lines[start : start + _LINES_AT_ONCE])
            keys = (*self._keys, new, kept)
            return self.client.eval(
                _REPLACE, len(keys), *keys, self._generation, self._n_read, "0" if keep_as is None else "1"
            )

        is_replaced = self._retried(replace)
        return None if not is_replaced else "" if keep_as is None else kept

    def load_index(self) -> bytes:
        return self._retried(lambda: self.client.get(f"{self.key}:index")) or b""

    def save_index(self, data: bytes) -> None:
        self._retried(lambda: self.client.set(f"{self.key}:index", data))

    @property
    def position(self) -> int:
        return self._n_read

    def resume(self, position: int) -> None:
        self._n_read = position

    def beat(self, slots: Sequence[int]) -> None:
        now = time.time_ns()
        self._retried(lambda: self.client.hset(f"{self.key}:beats", mapping=dict.fromkeys(slots, now)))

    def beats(self, slots: Sequence[int]) -> list[int]:
        found = self._retried(lambda: self.client.hmget(f"{self.key}:beats", list(slots)))
        return [0 if beat is None else int(beat) for beat in found]

    def close(self) -> None:
        self.client.close()

    def _retried(self, call: Callable[[], ResultT]) -> ResultT:
        """Call the server; if it does not answer, again and again, with growing pauses."""
        deadline = time.monotonic() + self.patience_s
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return self._once(call)
            except (self._errors.ConnectionError, self._errors.TimeoutError) as error:
                if time.monotonic() + pause > deadline:
                    raise StorageInternalError(
                        f"{self.name}: the server has not answered for {self.patience_s:g} s ({error})."
                    ) from error
                time.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, _LAST_PAUSE_S)

    def _once(self, call: Callable[[], ResultT]) -> ResultT:
        try:
            return call()
        except (self._errors.ConnectionError, self._errors.TimeoutError):
            raise
        except self._errors.RedisError as error:
            raise StorageInternalError(
                f"{self.name}: {error}. Nothing of the failed commit was kept, and all that was written before is safe."
            ) from error


def masked(url: str) -> str:
    """A URL without its password."""
    scheme, separator, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    if not at:
        return url
    return f"{scheme}{separator}{user.partition(':')[0]}:***@{host}"
