"""Comparison of studies and of repeated settings."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import optimist
from optimist.analysis import compare_studies
from optimist.analysis.performance import Run, chance_in_any_order, hits, mean_best_in_any_order
from optimist.study import Study
from optimist.trial import TrialState, create_trial


def study_of(*values: float | None, name: str | None = None, direction: str = "minimize") -> Study:
    """None is a failed trial."""
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    study = optimist.create_study(study_name=name, direction=direction)
    for value in values:
        study.add_trial(
            create_trial(state=TrialState.FAIL)
            if value is None
            else create_trial(value=value, params={}, distributions={})
        )
    return study


def test_chance_to_be_close_after_so_many_trials() -> None:
    repeats = [study_of(3.0, 1.0, 2.0), study_of(None, 5.0, 1.005), study_of(1.02, 9.0)]
    found = compare_studies({"a": repeats, "b": study_of(1.0, 1.0, 1.0)})
    a, b = found.contenders
    assert (found.best_known, found.budget) == (1.0, 2)
    assert a.chance_within.tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    assert [a.chance_after(n) for n in (0, 2, 99)] == pytest.approx([0, 1 / 3, 2 / 3])
    assert a.trials_to_within == 3
    assert a.best == 1.005
    assert a.best_at_budget == (1.0, 5.0, 1.02)
    assert b.trials_to_within == 1
    assert b.interval_after(1) == pytest.approx((0.025, 1.0))


def test_maximised_and_negative_values() -> None:
    found = compare_studies([study_of(-2.0, -1.0, direction="maximize"), study_of(-1.005, -3.0, direction="maximize")])
    first, second = found.contenders
    assert found.best_known == -1.0
    assert (first.trials_to_within, second.trials_to_within) == (2, 1)
    assert second.difference is not None
    assert second.difference.mean == pytest.approx(-0.005)
    assert "worse than" in found.sentences[-1]
    assert "luck" in found.sentences[-1]


def test_the_best_may_be_known_from_elsewhere() -> None:
    found = compare_studies([study_of(1.0, 0.5)], best_known=0.1, within=0.1)
    assert found.contenders[0].trials_to_within is None
    assert compare_studies([study_of(1.0, 0.5)], best_known=0.1, within=4).contenders[0].trials_to_within == 2


def test_infeasible_trials_bring_nothing() -> None:
    study = study_of(5.0)
    study.add_trial(create_trial(value=1.0, constraints={"c": 1.0}))
    (one,) = compare_studies([study]).contenders
    assert (one.best, one.n_trials) == (5.0, 2)


def test_any_order_is_the_mean_over_all_orders() -> None:
    losses = np.array([5.0, 1.0, np.inf, 1.005, 7.0])
    orders = [Run(np.array(order), 0.0) for order in itertools.permutations(losses)]
    by_hand = np.mean([hits(run, 1.01, 7) for run in orders], axis=0)
    assert chance_in_any_order(Run(losses, 0.0), 1.01, 7) == pytest.approx(by_hand, abs=1e-12)
    assert chance_in_any_order(Run(losses, 0.0), 0.5, 3).tolist() == [0, 0, 0]
    assert chance_in_any_order(Run(losses, 0.0), np.inf, 3) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("n", [1, 3, 4, 9])
def test_mean_best_in_any_order(n: int) -> None:
    losses = np.array([5.0, 1.0, 2.5, 7.0])
    by_hand = np.mean([min(order[:n]) for order in itertools.permutations(losses)])
    assert mean_best_in_any_order(Run(losses, 0.0), n) == pytest.approx(by_hand)
    assert mean_best_in_any_order(Run(losses, 0.0), 0) == np.inf
    assert mean_best_in_any_order(Run(np.array([1.0, np.inf]), 0.0), 1) == np.inf
    assert mean_best_in_any_order(Run(np.array([1.0, np.inf]), 0.0), 2) == 1.0


def test_a_difference_to_a_grid_needs_repeats_of_the_other_alone() -> None:
    grid, others = study_of(4.0, 2.0, name="grid"), [study_of(1.0, 1.0), study_of(1.5, 2.0)]
    found = compare_studies({"grid": grid, "tpe": others, "once": study_of(0.0, 0.0)}, in_any_order=["grid"])
    first, second, third = found.contenders
    assert first.best_at_budget == (2.0,)
    assert second.difference is not None
    assert second.difference.interval == (-1.0, -0.5)
    assert third.difference is not None
    assert third.difference.interval is None


def test_a_grid_in_any_order() -> None:
    found = compare_studies(
        [study_of(4.0, 3.0, 2.0, 1.0, name="grid"), study_of(2.0, 1.0, name="tpe")], in_any_order=["grid"]
    )
    grid = found.contenders[0]
    assert grid.chance_within.tolist() == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert grid.trials_to_within == 2
    assert grid.interval_after(2) is None
    assert "grid, in random order, is close after 2 trials with a chance of a half." in found.sentences


def test_intervals_of_differences() -> None:
    rng = np.random.default_rng(0)
    a = [study_of(*rng.normal(1.0, 0.1, 3)) for _ in range(12)]
    b = [study_of(*rng.normal(0.0, 0.1, 3)) for _ in range(12)]
    found = compare_studies({"a": a, "b": b, "again": a})
    _, better, same = (one.difference for one in found.contenders)
    assert better is not None
    assert better.interval is not None
    assert better.interval[0] < better.mean < better.interval[1] < 0
    assert better.is_better
    assert same is not None
    assert same.interval is not None
    assert same.interval[0] < 0 < same.interval[1]
    assert not same.is_better
    assert found.sentences[-1].startswith("After 3 trials again is as good as a")


def test_paired_repeats_cancel_what_they_share() -> None:
    base = np.arange(10.0)
    groups = {"a": [study_of(x + 1.0) for x in base], "b": [study_of(x) for x in base]}
    free = compare_studies(groups).contenders[1].difference
    paired = compare_studies(groups, paired=True).contenders[1].difference
    assert free is not None
    assert paired is not None
    assert free.interval is not None
    assert free.interval[1] > 0
    assert paired.interval == (-1.0, -1.0)
    assert paired.is_better


def test_coverage_of_the_bootstrap() -> None:
    rng = np.random.default_rng(1)
    n_in = 0
    for _ in range(60):
        groups = {name: [study_of(x) for x in rng.normal(0, 1, 15)] for name in "ab"}
        difference = compare_studies(groups).contenders[1].difference
        assert difference is not None
        assert difference.interval is not None
        n_in += difference.interval[0] <= 0 <= difference.interval[1]
    assert n_in >= 51  # 95% of 60 is 57; fewer than 51 by chance once in 10,000 times at 93%


def test_nothing_to_compare() -> None:
    found = compare_studies([study_of(), study_of(None)])
    assert math.isnan(found.best_known)
    assert found.sentences == ("No study has a complete trial, so there is nothing to compare.",)
    assert [one.difference for one in found.contenders] == [None, None]
    some = compare_studies([study_of(1.0, name="a"), study_of(name="b")])
    assert "b has no finished trial." in some.sentences


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="at least one study"):
        compare_studies([])
    with pytest.raises(ValueError, match="at least one study"):
        compare_studies({"a": []})
    with pytest.raises(ValueError, match="several objectives"):
        compare_studies([optimist.create_study(directions=["minimize"] * 2)])
    with pytest.raises(ValueError, match="cannot be compared with studies that maximise"):
        compare_studies([study_of(), study_of(direction="maximize")])
    with pytest.raises(ValueError, match="within must be at least 0"):
        compare_studies([study_of()], within=-1)
    with pytest.raises(ValueError, match="names 'x', which is not compared"):
        compare_studies([study_of()], in_any_order=["x"])
    with pytest.raises(ValueError, match="same number of repeats"):
        compare_studies({"a": [study_of()], "b": [study_of(), study_of()]}, paired=True)


def test_a_study_compares_itself() -> None:
    study, other = study_of(1.0, name="a"), study_of(2.0, name="b")
    found = study.compare(other, best_known=0.0)
    assert [one.name for one in found.contenders] == ["a", "b"]
    assert found.best_known == 0.0
    again = study.compare(study_of(2.0, name="a"))
    assert [one.name for one in again.contenders] == ["a", "a (2)"]


def test_checkpoints() -> None:
    assert compare_studies([study_of(*range(60))]).checkpoints == (10, 25, 50, 60)
    assert compare_studies([study_of(1.0)], checkpoints=[5, 3]).checkpoints == (3, 5)
