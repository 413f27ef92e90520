"""A crew of processes: what they say, how they end, and that none is left."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from optimist.execution.child import ParentLine
from optimist.execution.crew import Crew, Ended, Event, Member, Said, describe_end

pytestmark = [
    pytest.mark.slow,  # each starts interpreters
    pytest.mark.skipif(sys.platform == "win32", reason="worker processes need a Unix; run it there"),
]


# What the processes run


def echo(line: ParentLine, payload: bytes) -> None:
    line.send(payload)
    while (frame := line.receive()) != b"enough":
        line.send(frame.upper())


def crash(line: ParentLine, payload: bytes) -> None:
    line.send(b"last words")
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(line: ParentLine, payload: bytes) -> None:
    if os.fork() == 0:  # what an objective may start
        time.sleep(600)
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    line.send(b"hanging")
    while True:
        time.sleep(0.02)
        if asked:
            line.send(b"not yet")
            asked.clear()


def name_of(function: object) -> str:
    return f"{__name__}:{function.__name__}"  # type: ignore[attr-defined]


def events_until(crew: Crew, kind: type[Event], n: int = 1) -> list[Event]:
    found: list[Event] = []
    deadline = time.monotonic() + 60
    while sum(isinstance(event, kind) for event in found) < n:
        assert time.monotonic() < deadline, found
        found += crew.wait()
    return found


def frames(events: list[Event], member: Member) -> list[bytes]:
    return [event.frame for event in events if isinstance(event, Said) and event.member is member]


def test_members_are_told_and_answer() -> None:
    payload = b"x" * 2_000_000
    with Crew(name_of(echo), payload) as crew:
        members = [crew.start(place) for place in range(2)]
        events = events_until(crew, Said, 2)
        assert [frames(events, member) for member in members] == [[payload]] * 2
        crew.say(members[0], b"abc")
        assert frames(events_until(crew, Said), members[0]) == [b"ABC"]
        for member in members:
            crew.say(member, b"enough")
        events = events_until(crew, Ended, 2)
        assert {(event.member.place, event.code) for event in events if isinstance(event, Ended)} == {(0, 0), (1, 0)}
        assert crew.members == []
        crew.say(members[0], b"nobody hears it")


def test_last_words_come_before_the_end() -> None:
    with Crew(name_of(crash), b"") as crew:
        member = crew.start(0)
        assert events_until(crew, Ended) == [Said(member, b"last words"), Ended(member, -signal.SIGSEGV)]


def test_who_does_not_end_when_asked_is_killed() -> None:
    with Crew(name_of(hang), b"") as crew:
        member = crew.start(0)
        events_until(crew, Said)
        crew.kill(member, grace_s=3.0)
        events = events_until(crew, Ended)
        assert frames(events, member) == [b"not yet"]
        assert events[-1] == Ended(member, -signal.SIGKILL)
    assert_group_is_gone(member.process.pid)


def test_none_is_left() -> None:
    with Crew(name_of(hang), b"") as crew:
        member = crew.start(0)
        events_until(crew, Said)
    assert member.process.returncode == -signal.SIGKILL
    assert_group_is_gone(member.process.pid)


def assert_group_is_gone(group: int) -> None:
    """All processes of the group have ended; init may not have buried them yet."""
    deadline = time.monotonic() + 60
    while any(_is_running_in(stat, group) for stat in Path("/proc").glob("[0-9]*/stat")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_running_in(stat: Path, group: int) -> bool:
    try:
        state, _, its_group = stat.read_text().rpartition(") ")[2].split()[:3]
    except OSError:
        return False
    return int(its_group) == group and state != "Z"


def test_ends_in_words() -> None:
    assert describe_end(3) == "it ended with exit code 3"
    assert describe_end(-9) == "it was ended by SIGKILL"
    assert describe_end(-99) == "it was ended by signal 99"
