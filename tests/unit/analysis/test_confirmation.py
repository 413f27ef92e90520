"""What a confirmation says."""

from __future__ import annotations

import math

import pytest

from optimist.analysis import Confirmation, ConfirmedTrial


def confirmation(*trials: ConfirmedTrial, is_maximized: bool = False) -> Confirmation:
    n_seeds = max(len(trial.values) + trial.n_failed for trial in trials)
    return Confirmation("digits", "digits: confirmation", is_maximized, tuple(range(1, n_seeds + 1)), trials)


def text(found: Confirmation) -> str:
    """What it says, without line breaks."""
    return " ".join(str(found).split())


LUCKY = ConfirmedTrial(7, False, {"x": 0.123456}, 1.0, (3.0, 3.2, 3.1))
STEADY = ConfirmedTrial(3, False, {"x": 0.5}, 1.5, (1.5, 1.7, 1.6))
DEFAULT = ConfirmedTrial(0, True, {"x": 0.9}, 4.0, (4.0, 4.2, 4.1))


def test_curse_winner_and_defaults() -> None:
    found = confirmation(STEADY, LUCKY, DEFAULT)
    assert found.winner is STEADY
    assert found.searched_best is LUCKY
    assert found.as_good == ()
    lead, low, high = found.behind(DEFAULT)
    assert lead == pytest.approx(2.5)
    assert low == pytest.approx(2.5)  # the seeds do the same to all, so that nothing is left to chance
    assert high == pytest.approx(2.5)
    said = text(found)
    assert "Trial 7 was the best of the search with 1; confirmed, it has 3.1 (+2.1)" in said
    assert "Trial 3 wins with 1.6" in said
    assert "better than all others" in said
    assert "better than the defaults by 2.5" in said


def test_winner_that_may_be_chance() -> None:
    near = ConfirmedTrial(4, False, {"x": 0.4}, 1.4, (1.4, 1.9, 1.6))
    found = confirmation(STEADY, near)
    assert found.as_good == (near,)
    assert "As good, as far as these runs can tell: trial 4." in text(found)
    assert "No trial has tried recommended values" in text(found)


def test_higher_is_better() -> None:
    found = confirmation(DEFAULT, LUCKY, is_maximized=True)
    assert found.searched_best is DEFAULT
    assert found.behind(LUCKY)[0] == pytest.approx(1.0)
    assert "The defaults win" in text(found)


def test_same_value_for_each_seed() -> None:
    found = confirmation(ConfirmedTrial(1, False, {}, 1.0, (1.0, 1.0)), ConfirmedTrial(0, True, {}, 2.0, (2.0, 2.0)))
    assert found.is_repeatable
    assert "ignores the seed" in text(found)


def test_one_seed_has_no_interval() -> None:
    found = confirmation(ConfirmedTrial(1, False, {}, 1.0, (1.5,)), ConfirmedTrial(0, True, {}, 2.0, (2.0,)))
    assert math.isinf(found.winner.interval[1])
    assert "inf" not in text(found)
    assert "One seed says nothing" in text(found)


def test_failed_runs_cannot_be_as_good() -> None:
    broken = ConfirmedTrial(2, False, {"x": 0.1}, 0.5, (), 3)
    found = confirmation(STEADY, broken)
    assert found.as_good == ()
    assert "all its runs failed now" in text(found)
    assert "3 failed" in text(found)


def test_notebook_escapes() -> None:
    page = confirmation(ConfirmedTrial(1, False, {"<script>": "<b>"}, 1.0, (1.0, 1.1)))._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
