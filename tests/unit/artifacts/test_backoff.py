from __future__ import annotations

import io
from typing import BinaryIO

import pytest

from optimist.artifacts import Backoff
from optimist.artifacts.exceptions import ArtifactNotFound


class Flaky:
    """Fails some times, then works; remembers what it was given."""

    def __init__(self, n_failures: int, error: Exception | None = None) -> None:
        self.n_left = n_failures
        self.error = OSError("unreachable") if error is None else error
        self.calls: list[bytes] = []

    def _act(self, body: bytes = b"") -> None:
        self.calls.append(body)
        if self.n_left:
            self.n_left -= 1
            raise self.error

    def open_reader(self, artifact_id: str) -> BinaryIO:
        self._act()
        return io.BytesIO(b"found")

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        self._act(content_body.read())

    def remove(self, artifact_id: str) -> None:
        self._act()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("optimist.artifacts.backoff.time.sleep", found.append)
    return found


def test_pauses_grow(pauses: list[float]) -> None:
    with Backoff(Flaky(9)).open_reader("a") as reader:
        assert reader.read() == b"found"
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6])


def test_pauses_are_bounded(pauses: list[float]) -> None:
    Backoff(Flaky(4), multiplier=10, min_delay=1, max_delay=30).remove("a")
    assert pauses == [1, 10, 30, 30]


def test_last_failure_is_raised(pauses: list[float]) -> None:
    flaky = Flaky(10)
    with pytest.raises(OSError, match="unreachable"):
        Backoff(flaky, max_retries=3).open_reader("a")
    assert len(flaky.calls) == 3
    assert len(pauses) == 2


def test_upload_starts_again_from_where_the_file_stood(pauses: list[float]) -> None:
    flaky, body = Flaky(2), io.BytesIO(b"0123456789")
    body.seek(4)
    Backoff(flaky).write("a", body)
    assert flaky.calls == [b"456789"] * 3


def test_a_stream_is_sent_once(pauses: list[float]) -> None:
    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    flaky = Flaky(1)
    with pytest.raises(OSError, match="unreachable"):
        Backoff(flaky).write("a", Stream(b"123"))
    assert flaky.calls == [b"123"]


def test_what_is_not_there_is_asked_for_once(pauses: list[float]) -> None:
    flaky = Flaky(5, ArtifactNotFound("no"))
    for act in (Backoff(flaky).open_reader, Backoff(flaky).remove):
        with pytest.raises(ArtifactNotFound):
            act("a")
    assert len(flaky.calls) == 2


def test_removed_by_an_attempt_that_seemed_to_fail(pauses: list[float]) -> None:
    flaky = Flaky(2)
    errors = iter([OSError("lost the answer"), ArtifactNotFound("gone")])

    def remove(artifact_id: str) -> None:
        raise next(errors)

    flaky.remove = remove  # type: ignore[method-assign]
    Backoff(flaky).remove("a")


def test_one_try_at_least() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Backoff(Flaky(0), max_retries=0)
