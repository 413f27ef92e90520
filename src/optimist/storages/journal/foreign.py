"""A journal in a home that somebody else wrote: it appends dictionaries and reads them, and knows no lock.

Every writer appends what it thinks comes next and then reads what came before it. Of two that had the same place in
mind the first counts; the other sees that, and tries again. Heartbeats are dictionaries of their own between the
records.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, ClassVar, Final, Protocol

from optimist.exceptions import StorageInternalError
from optimist.storages.journal.log import Line, Log, Tail

_RECORD: Final = "optimist"
_BEATS: Final = "optimist_beats"
_LINES_AT_ONCE: Final = 10_000


class AppendsLogs(Protocol):
    """What a home must offer."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append logs."""

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Read on."""


class ForeignLog(Log):
    """Lines in somebody else's home."""

    is_contended: ClassVar[bool] = True

    def __init__(self, backend: AppendsLogs) -> None:
        self._backend = backend
        self.name = f"The journal in {backend!r}"
        self._n_read = 0
        self._slots: dict[int, int] = {}

    def read(self) -> Tail:
        lines: list[Line] = []
        while not lines:
            logs = list(islice(self._backend.read_logs(self._n_read), _LINES_AT_ONCE))
            if not logs:
                break
            for ref, entry in enumerate(logs, self._n_read):
                if isinstance(entry.get(_RECORD), str):
                    lines.append((ref, entry[_RECORD].encode()))
                elif isinstance(entry.get(_BEATS), dict):
                    self._slots.update({int(slot): int(beat) for slot, beat in entry[_BEATS].items()})
            self._n_read += len(logs)
        return Tail(lines)

    def fetch(self, refs: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        if not refs:
            return []
        wanted = set(refs)
        logs = islice(self._backend.read_logs(refs[0]), refs[-1] - refs[0] + 1)
        return [entry[_RECORD].encode() for ref, entry in enumerate(logs, refs[0]) if ref in wanted]

    def rewind(self) -> None:
        self._n_read = 0

    def append(self, line: bytes) -> int | None:
        self._backend.append_logs([{_RECORD: line.decode()}])
        return None

    def make_durable(self) -> None:
        """Nothing: the home has done so."""

    def rewrite(self, lines: Sequence[bytes], keep_as: str | None = None) -> str | None:
        raise StorageInternalError(f"{self.name} cannot be rewritten: its backend can only append.")

    def beat(self, slots: Sequence[int]) -> None:
        now = time.time_ns()
        self._backend.append_logs([{_BEATS: {str(slot): now for slot in slots}}])

    def beats(self, slots: Sequence[int]) -> list[int]:
        return [self._slots.get(slot, 0) for slot in slots]

    def close(self) -> None:
        """Nothing: the home is the user's."""
