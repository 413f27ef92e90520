"""WilcoxonPruner: decisions worked out by hand, and what it warns of."""

from __future__ import annotations

import math
import warnings

import pytest

from optimist.history.records import create_trial
from optimist.pruners import BasePruner, Curve, WilcoxonPruner, judge
from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study
from optimist.testing.pruners import Reports, decisions, mirrored, study_with

MAXIMIZE = StudyDirection.MAXIMIZE
NAN, INF = math.nan, math.inf
BEST: Reports = dict.fromkeys(range(10), 1.0)


def with_best(pruner: BasePruner, best: Reports = BEST, direction: StudyDirection = StudyDirection.MINIMIZE) -> Study:
    study = study_with(pruner, [], direction)
    sign = -1 if direction == MAXIMIZE else 1
    study.add_trial(create_trial(value=5.0 * sign, intermediate_values={0: 5.0 * sign, 1: 5.0 * sign}))
    study.add_trial(create_trial(value=1.0 * sign, intermediate_values=best))
    study.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values={0: -9.0 * sign}))
    return study


def test_worse_on_every_problem_stops_once_that_cannot_be_chance() -> None:
    worse = {step: 2.0 + step for step in range(10)}  # after n of them, p = 1 / 2**n
    assert decisions(with_best(WilcoxonPruner()), worse) == [False] * 3 + [True] * 7
    assert decisions(with_best(WilcoxonPruner(p_threshold=0.01)), worse) == [False] * 6 + [True] * 4
    assert decisions(with_best(WilcoxonPruner(n_startup_steps=6)), worse) == [False] * 5 + [True] * 5


def test_maximize() -> None:
    study = with_best(WilcoxonPruner(), mirrored(BEST), MAXIMIZE)
    assert decisions(study, mirrored({step: 2.0 + step for step in range(6)})) == [False] * 3 + [True] * 3
    assert not any(decisions(study, {step: 2.0 + step for step in range(6)}))


def test_never_before_two_steps() -> None:
    assert decisions(with_best(WilcoxonPruner(p_threshold=1.0, n_startup_steps=0)), {0: 2.0, 1: 2.0}) == [False, True]


def test_problems_are_paired_whatever_their_order() -> None:
    hard = {step: 100.0 * step for step in range(8)}
    study = with_best(WilcoxonPruner(), hard)
    assert decisions(study, {7: 701.0, 0: 1.0, 5: 502.0, 3: 303.0}) == [False, False, False, True]


def test_a_mean_that_is_as_good_goes_on() -> None:
    """The trial is worse on most problems, and much better on one."""
    trial = {0: -60.0} | {step: 2.0 + step for step in range(1, 10)}
    assert decisions(with_best(WilcoxonPruner()), trial)[-1] is False
    study = with_best(WilcoxonPruner(p_threshold=0.2), {0: 1.0, **dict.fromkeys(range(1, 10), 6.0)})
    same_mean = {0: -8.0} | dict.fromkeys(range(1, 10), 7.0)
    assert decisions(study, same_mean)[-1] is False
    assert decisions(study, {**same_mean, 9: 7.5})[-1] is True


def test_the_best_is_a_feasible_complete_trial() -> None:
    study = with_best(WilcoxonPruner())
    study.add_trial(create_trial(value=0.0, intermediate_values=dict.fromkeys(range(10), 0.0), constraints={"c": 1.0}))
    assert not any(decisions(study, dict.fromkeys(range(10), 0.5)))


def test_without_a_complete_trial_nothing_stops() -> None:
    study = study_with(WilcoxonPruner(p_threshold=1.0), [])
    study.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values=BEST))
    assert not any(decisions(study, dict.fromkeys(range(10), 9.0)))


def warned(study: Study, trial: Reports) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert not decisions(study, trial)[-1]
    assert {warning.filename for warning in caught} <= {decisions.__code__.co_filename, __file__}
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_what_is_not_finite_is_not_judged(value: float) -> None:
    ours = warned(with_best(WilcoxonPruner()), {step: value if step == 6 else 9.0 for step in (6, *range(6))})
    assert set(ours) == {"WilcoxonPruner lets trial 3 go on, for it reported NaN or an infinity."}
    best = warned(with_best(WilcoxonPruner(), {**BEST, 4: value}), dict.fromkeys(range(8), 9.0))
    assert set(best) == {
        "WilcoxonPruner lets trial 3 go on, for the best trial, number 1, reported NaN or an infinity."
    }


def test_best_trial_without_reports_is_warned_of() -> None:
    assert warned(with_best(WilcoxonPruner(), {}), {0: 9.0}) == [
        "WilcoxonPruner lets trial 3 go on, for the best trial, number 1, reported nothing to compare with."
    ]


def test_steps_that_the_best_trial_lacks_are_left_out() -> None:
    assert warned(with_best(WilcoxonPruner(n_startup_steps=5)), {0: 9.0, 1: 9.0, 2: 9.0, 10: 9.0}) == [
        "WilcoxonPruner leaves out steps that trial 3 reported and the best trial, number 1, did not."
    ]


def test_the_warning_points_to_the_question() -> None:
    trial = with_best(WilcoxonPruner()).ask()
    trial.report(NAN, 0)
    with pytest.warns(UserWarning, match="lets trial 3 go on") as caught:
        trial.should_prune()
    assert caught[0].filename == __file__


def test_the_reason_is_a_sentence() -> None:
    study = with_best(WilcoxonPruner())
    assert judge(study.pruner, study.view(), Curve(9, {step: 2.0 + step for step in range(5)})).reason == (
        "At 5 steps it is worse than the best trial, number 1, was: p = 0.0312 by Wilcoxon's test."
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WilcoxonPruner(p_threshold=1.1), "needs 0 <= p_threshold <= 1, but got p_threshold=1.1"),
        (lambda: WilcoxonPruner(p_threshold=NAN), "but got p_threshold=nan"),
        (lambda: WilcoxonPruner(n_startup_steps=-1), "WilcoxonPruner needs n_startup_steps >= 0, but got .*=-1"),
    ],
)
def test_arguments_out_of_range(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=message):
        make()
