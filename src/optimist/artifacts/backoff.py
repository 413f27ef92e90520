"""Try again, after ever longer pauses, what a distant store failed to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from optimist.artifacts.base import ArtifactStore
from optimist.exceptions import ArtifactNotFound
from optimist.logging import get_logger

_logger = get_logger(__name__)
_Result = TypeVar("_Result")


class Backoff:
    """Wrap a store, and try again what fails: ``Backoff(Boto3ArtifactStore("my-bucket"))``.

    What is not there is not asked for again. An upload is tried again from where the file stood; a file that cannot be
    rewound is tried once.

    Args:
        backend: The store.
        max_retries: How often to try, the first time included.
        multiplier: How much longer each pause is than the one before.
        min_delay: The first pause, in seconds.
        max_delay: The longest pause, in seconds.

    Raises:
        ValueError: ``max_retries`` is below 1.
    """

    def __init__(
        self,
        backend: ArtifactStore,
        *,
        max_retries: int = 10,
        multiplier: float = 2,
        min_delay: float = 0.1,
        max_delay: float = 30,
    ) -> None:
        if max_retries < 1:
            raise ValueError(
                f"Backoff needs max_retries of at least 1, for the first try counts, but got {max_retries!r}."
            )
        self._backend = backend
        self._max_tries = max_retries
        self._multiplier, self._min_delay_s, self._max_delay_s = multiplier, min_delay, max_delay

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact for reading. What fails while it is being read is not tried again."""
        return self._persist(f"open artifact {artifact_id!r}", lambda: self._backend.open_reader(artifact_id))

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep what can be read from ``content_body``."""
        start = content_body.tell() if content_body.seekable() else None

        def attempt() -> None:
            if start is not None:
                content_body.seek(start)
            self._backend.write(artifact_id, content_body)

        self._persist(f"write artifact {artifact_id!r}", attempt, 1 if start is None else None)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact. After a failure it may turn out to be gone, which is what was wanted."""
        n_tries = 0

        def attempt() -> None:
            nonlocal n_tries
            n_tries += 1
            try:
                self._backend.remove(artifact_id)
            except ArtifactNotFound:
                if n_tries == 1:
                    raise

        self._persist(f"remove artifact {artifact_id!r}", attempt)

    def _persist(self, what: str, attempt: Callable[[], _Result], max_tries: int | None = None) -> _Result:
        """Try until it works, or the tries are spent."""
        max_tries = self._max_tries if max_tries is None else max_tries
        delay_s = self._min_delay_s
        for i in range(1, max_tries):
            try:
                return attempt()
            except ArtifactNotFound:
                raise
            except Exception as error:  # noqa: BLE001  what a foreign store raises is not ours to know; the last one is raised
                pause_s = min(delay_s, self._max_delay_s)
                _logger.warning("Could not %s (try %d of %d, again in %g s): %s", what, i, max_tries, pause_s, error)
                time.sleep(pause_s)
                delay_s *= self._multiplier
        return attempt()
