"""What must hold after ``torture.py``: the store is compared with the diaries of the workers."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

TICKET: Final = "ticket"
"""User attribute of a trial that was enqueued: which one."""

LONGEST_WAIT_S: Final = 2.0
SLACK_S: Final = 1.0
"""Two busy cores, and another interpreter starting twice a second: a worker that waits for nobody stands still too."""

KINDS: Final = (
    "told trials missing or changed",
    "numbers not dense",
    "enqueued without one outcome",
    "budget missed",
    "workers died",
    "still running or waiting",
    "started twice",
    "retried twice",
    "waited too long",
)


@dataclass
class Violations:
    """What was found, by kind."""

    found: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, kind: str, what: str) -> None:
        """Note one."""
        self.found[kind].append(what)

    @property
    def n(self) -> int:
        """How many, of all kinds."""
        return sum(len(what) for what in self.found.values())


@dataclass(frozen=True)
class Line:
    """One line of a diary.

    Attributes:
        word: What happened.
        rest: The words after it, without the time.
        at: When, on the monotonic clock.
    """

    word: str
    rest: tuple[str, ...]
    at: float


@dataclass
class Life:
    """One process: its diary, and how it came to its end.

    Attributes:
        diary: Its file.
        ended_at: On the monotonic clock; None while it lives.
        is_killed: Whether we ended it.
    """

    diary: Path
    ended_at: float | None = None
    is_killed: bool = False

    def lines(self) -> list[Line]:
        """What it wrote; a last line without an end is none."""
        text = self.diary.read_text() if self.diary.exists() else ""
        words = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [Line(word, tuple(rest), float(at)) for word, *rest, at in words]


def check_trials(trials: Sequence[Any], lives: Iterable[Life], n_tickets: int, total: int) -> Violations:
    """Compare the store with the diaries.

    Args:
        trials: All trials, in the store's order.
        lives: All workers that ever lived.
        n_tickets: How many trials were enqueued.
        total: The budget.
    """
    violations = Violations()
    diaries = [life.lines() for life in lives]
    _check_told(violations, trials, itertools.chain.from_iterable(diaries))
    numbers = [trial.number for trial in trials]
    if numbers != list(range(len(numbers))):
        twice = [number for number, n in Counter(numbers).items() if n > 1]
        violations.add("numbers not dense", f"{len(numbers)} trials, last {max(numbers)}, twice: {twice}")
    starts = Counter(line.rest[0] for lines in diaries for line in lines if line.word == "start")
    for number, n in starts.items():
        if n > 1:
            violations.add("started twice", f"trial {number} was started {n} times")
    reclaimed = reclaimed_numbers(trials)
    _check_tickets(violations, trials, reclaimed, n_tickets)
    _check_budget(violations, trials, reclaimed, total)
    return violations


def reclaimed_numbers(trials: Sequence[Any]) -> set[int]:
    """Trials that were given up for lost: they say so themselves (Optimist), or their retry does (both libraries)."""
    lost = {trial.number for trial in trials if trial.system_attrs.get("optimist:lease_lost")}
    return lost.union(*(trial.system_attrs.get("retry_history", ()) for trial in trials))


def _check_told(violations: Violations, trials: Sequence[Any], lines: Iterable[Line]) -> None:
    stored = {trial.number: trial for trial in trials}
    for line in lines:
        if line.word != "told":
            continue
        number, state, value = int(line.rest[0]), line.rest[1], line.rest[2]
        trial = stored.get(number)
        if trial is None or trial.state.name != state or str(trial.value) != value:
            kept = "nothing" if trial is None else f"{trial.state.name} {trial.value}"
            violations.add("told trials missing or changed", f"trial {number}: told {state} {value}, stored {kept}")


def _check_tickets(violations: Violations, trials: Sequence[Any], reclaimed: set[int], n_tickets: int) -> None:
    chains: dict[int, list[Any]] = {ticket: [] for ticket in range(n_tickets)}
    for trial in trials:
        if TICKET in trial.user_attrs:
            chains[trial.user_attrs[TICKET]].append(trial)
    for ticket, chain in chains.items():
        final = [trial for trial in chain if trial.state.is_finished() and trial.number not in reclaimed]
        if len(final) != 1:
            told = ", ".join(f"{trial.number} {trial.state.name}" for trial in chain)
            violations.add("enqueued without one outcome", f"{ticket}: {len(final)} outcomes ({told})")
    retried = Counter(
        trial.system_attrs["retry_history"][-1] for trial in trials if trial.system_attrs.get("retry_history")
    )
    for number, n in retried.items():
        if n > 1:
            violations.add("retried twice", f"trial {number} has {n} retries")


def _check_budget(violations: Violations, trials: Sequence[Any], reclaimed: set[int], total: int) -> None:
    n_counted = sum(trial.state.is_finished() and trial.number not in reclaimed for trial in trials)
    if n_counted != total:
        violations.add("budget missed", f"{n_counted} trials finished instead of {total}")
    for trial in trials:
        if not trial.state.is_finished():
            violations.add("still running or waiting", f"trial {trial.number} is {trial.state.name}")


@dataclass(frozen=True)
class Wait:
    """A time in which a worker stood still: from ``begin`` for ``s`` seconds, at what."""

    begin: float
    s: float
    what: str

    def overlaps(self, period: tuple[float, float]) -> bool:
        """Whether some of it lies in a period."""
        return self.begin < period[1] and self.begin + self.s > period[0]


def waits(life: Life) -> Iterator[Wait]:
    """How long a worker waited: from its start or from a trial's end to the next trial, and in reports."""
    since: tuple[float, str] | None = None
    for line in life.lines():
        if line.word == "report":
            s = float(line.rest[0])
            yield Wait(line.at - s, s, "report")
        elif line.word == "start" and since is not None:
            yield Wait(since[0], line.at - since[0], since[1])
            since = None
        elif line.word == "ready":
            since = (line.at, "open, first ask")
        elif line.word == "end":
            since = (line.at, f"tell {line.rest[0]}, ask")
    if since is not None and life.is_killed and life.ended_at is not None:
        yield Wait(since[0], life.ended_at - since[0], f"{since[1]}, until it was killed")


def check_waits(
    violations: Violations, lives: Mapping[str, Life], until: float, outages: Sequence[tuple[float, float]]
) -> float:
    """Find who waited too long; return the longest wait that counts.

    Args:
        violations: Where to note them.
        lives: All workers by name.
        until: Waits that begin later do not count: nobody dies any more, and who waits, waits for the last trials.
        outages: When the server was away, until everybody had a fair chance to notice that it is back.
    """
    longest = 0.0
    for name, life in lives.items():
        for wait in waits(life):
            if wait.begin > until or any(wait.overlaps(outage) for outage in outages):
                continue
            longest = max(longest, wait.s)
            if wait.s > LONGEST_WAIT_S + SLACK_S:
                violations.add("waited too long", f"{name} waited {wait.s:.1f} s ({wait.what})")
    return longest
