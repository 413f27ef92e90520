"""HyperbandPruner: which bracket a trial belongs to, and with whom it competes."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from optimist.history.records import create_trial
from optimist.pruners import HyperbandPruner, SuccessiveHalvingPruner
from optimist.pruners.hyperband import MAX_RESOURCE_KEY, Brackets, bracket_shares
from optimist.states import TrialState
from optimist.testing.pruners import decisions, study_with


@pytest.mark.parametrize(
    ("min_resource", "max_resource", "reduction_factor", "shares"),
    [
        (1, 81, 3, (81, 34, 15, 8, 5)),  # the example of the paper, table 1
        (1, 9, 3, (9, 5, 3)),
        (1, 8, 3, (3, 2)),
        (4, 4, 2, (1,)),
        (5, 4, 2, ()),
        (1000, 1, 2, ()),
        (1, 243, 3, (81, 34, 15, 8, 5)),  # as Optuna rounds the logarithm
    ],
)
def test_shares(min_resource: int, max_resource: int, reduction_factor: int, shares: tuple[int, ...]) -> None:
    assert bracket_shares(min_resource, max_resource, reduction_factor) == shares


def test_each_bracket_has_its_share_of_the_trials() -> None:
    brackets = Brackets("a study", (9, 5, 3))
    found = Counter(map(brackets, range(17_000)))
    assert [found[bracket] for bracket in range(3)] == pytest.approx([9000, 5000, 3000], rel=0.05)


def test_brackets_follow_from_the_name() -> None:
    first, again, other = (Brackets(name, (9, 5, 3)) for name in ("a", "a", "b"))
    numbers = range(100)
    assert [*map(first, numbers)] == [*map(again, numbers)] != [*map(other, numbers)]


def test_trials_compete_within_their_bracket() -> None:
    """As if each bracket were a successive halving in a study of its own."""
    rng = np.random.default_rng(0)
    study = study_with(HyperbandPruner(1, 9, 3), [])
    alone = [study_with(SuccessiveHalvingPruner(1, 3, bracket), []) for bracket in range(3)]
    brackets = Brackets(study.study_name, (9, 5, 3))
    n_stopped = [0, 0, 0]
    for number in range(80):
        curve = {step: float(rng.normal()) for step in range(10)}
        bracket = brackets(number)
        decided = decisions(study, curve)
        assert decided == decisions(alone[bracket], curve)
        n_stopped[bracket] += any(decided)
        study.tell(number, 1.0)
    assert min(n_stopped) > 0


def test_auto_is_the_number_of_steps_of_the_first_complete_trial() -> None:
    study = study_with(HyperbandPruner(), [])
    assert decisions(study, {30: math.nan}) == [False]  # nothing is known yet
    study.tell(0, state=TrialState.FAIL)
    decisions(study, {80: 1.0})
    study.tell(1, 1.0)
    decisions(study, {0: 1.0})
    assert study.get_trials()[2].system_attrs == {MAX_RESOURCE_KEY: 81}
    study.tell(2, 1.0)
    study.add_trial(create_trial(value=1.0, intermediate_values={1000: 1.0}))
    study.pruner = HyperbandPruner()
    decisions(study, {0: 1.0})
    assert study.get_trials()[4].system_attrs == {}


def test_nothing_is_stopped_if_trials_are_shorter_than_the_first_rung() -> None:
    for pruner in (HyperbandPruner(10), HyperbandPruner(10, 5)):
        study = study_with(pruner, [{4: 1.0}])
        assert decisions(study, {4: 9.0, 50: math.nan}) == [False, False]


def test_numpy_integers() -> None:
    study = study_with(HyperbandPruner(max_resource=np.int64(9)), [])  # type: ignore[arg-type]
    assert decisions(study, {9: math.nan}) == [True]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HyperbandPruner(0), "HyperbandPruner needs min_resource >= 1, but got min_resource=0"),
        (lambda: HyperbandPruner(1, 0), "needs max_resource >= 1, but got max_resource=0"),
        (lambda: HyperbandPruner(1, "all"), "needs an integer or \"auto\" as max_resource, but got max_resource='all'"),
        (lambda: HyperbandPruner(1, 9.5), 'needs an integer or "auto"'),  # type: ignore[arg-type]
        (lambda: HyperbandPruner(1, 9, 1), "needs reduction_factor >= 2"),
        (lambda: HyperbandPruner(1, 9, 3, -1), "needs bootstrap_count >= 0"),
        (lambda: HyperbandPruner(bootstrap_count=2), "needs a number as max_resource if bootstrap_count > 0"),
    ],
)
def test_arguments_out_of_range(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()
