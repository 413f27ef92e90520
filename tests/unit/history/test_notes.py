"""Notes on finished trials, each on a few trials whose answer can be seen."""

from __future__ import annotations

import random

import pytest

from optimist.history.notes import NotedValues, NumberIfNoted
from optimist.history.trackers import Lead, Leader
from optimist.history.view import View
from optimist.states import StudyDirection
from tests.unit.history.small_histories import COMPLETE, FAIL, MAXIMIZE, MINIMIZE, PRUNED, RUNNING, add, history_of


def parity(number: int) -> int:
    return number % 2


@pytest.mark.parametrize("direction", [MINIMIZE, MAXIMIZE])
def test_noted_values_at_every_length(direction: StudyDirection) -> None:
    rng = random.Random(0)
    sign = 1 if direction == MINIMIZE else -1
    history = history_of(direction)
    losses = [rng.choice([None, 1.0, 2.0, rng.random()]) for _ in range(60)]
    for loss in losses:
        state = rng.choice([COMPLETE, PRUNED, FAIL])
        notes = {"other": 0.0} if loss is None else {"key": loss * sign}
        add(history, 0.0 if state == COMPLETE else None, state=state, notes=notes)
    tracker = NotedValues("key", parity)
    for n in [*range(0, 61, 7), 60, 3, 59]:
        tracker.advance(history, n)
        for group in (0, 1):
            here = [loss for i, loss in enumerate(losses[:n]) if i % 2 == group and loss is not None]
            for asked in (0.0, 0.5, 1.0, 2.0, 3.0):
                assert tracker.count(n, group, asked) == (sum(loss < asked for loss in here), len(here))


def test_a_group_without_notes() -> None:
    tracker = NotedValues("key", parity)
    tracker.advance(history_of(), 0)
    assert tracker.count(0, 7, 1.0) == (0, 0)


def test_the_lowest_number_leads_not_who_finished_first() -> None:
    history = history_of()
    early = add(history, state=RUNNING, notes={"key": 1})
    add(history, 0.0)
    add(history, 0.0, notes={"key": 2})
    leader = Leader(NumberIfNoted("key"))
    assert leader.at(history, history.n) == Lead(1, 2)
    history.finish(history.drafts[early], FAIL, None, 1)
    assert leader.at(history, history.n) == Lead(2, 0)
    assert leader.at(history, 2) == Lead(1, 2)
    assert View(history).leader(NumberIfNoted("key")) == Lead(2, 0)
    assert View(history).leader(NumberIfNoted("another key")) is None
