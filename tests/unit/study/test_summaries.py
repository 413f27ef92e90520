"""What is said of studies without loading them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

import optimist
from optimist.states import StudyDirection, TrialState
from optimist.study import StudySummary
from tests.unit.study.conftest import MakeStudy, suggest_all


def summarize(make_study: MakeStudy, **arguments: Any) -> list[StudySummary]:
    return optimist.get_all_study_summaries(make_study(study_name="zzz").ledger.storage, **arguments)[:-1]


def test_summaries(make_study: MakeStudy) -> None:
    one = make_study(study_name="one", direction="maximize")
    one.set_user_attr("a", [1])
    one.set_metric_names(["accuracy"])
    one.optimize(suggest_all, n_trials=3)
    one.enqueue_trial({"x": 0.5})
    several = make_study(study_name="several", directions=["minimize", "maximize"])
    several.optimize(lambda trial: (1.0, 2.0), n_trials=1)
    make_study(study_name="empty")
    first, second, third = summarize(make_study)

    assert [s.study_name for s in (first, second, third)] == ["one", "several", "empty"]
    assert [s.n_trials for s in (first, second, third)] == [4, 1, 0]
    assert [s.user_attrs for s in (first, second, third)] == [{"a": [1]}, {}, {}]
    assert first.best_trial == one.best_trial
    assert (second.best_trial, third.best_trial) == (None, None)
    assert first.datetime_start == one.trials[0].datetime_start
    assert third.datetime_start is None
    assert first.direction == StudyDirection.MAXIMIZE
    assert list(second.directions) == [StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]
    with pytest.raises(RuntimeError, match="directions"):
        _ = second.direction
    assert [s.best_trial for s in summarize_without_best(make_study)] == [None] * 3


def summarize_without_best(make_study: MakeStudy) -> list[StudySummary]:
    storage = make_study(study_name="zzz", load_if_exists=True).ledger.storage
    return optimist.get_all_study_summaries(storage, include_best_trial=False)[:-1]


def test_the_best_of_a_summary_is_feasible(make_study: MakeStudy) -> None:
    study = make_study(study_name="one")

    def objective(trial: optimist.Trial) -> float:
        trial.set_constraint("c", 1.0 if trial.number != 1 else 0.0)
        return float(trial.number)

    study.optimize(objective, n_trials=3)
    (summary,) = summarize(make_study)
    assert summary.best_trial is not None
    assert summary.best_trial.number == 1


def test_the_start_is_that_of_the_first_to_start(make_study: MakeStudy) -> None:
    study = make_study(study_name="one")
    study.optimize(suggest_all, n_trials=1)
    earlier = optimist.create_trial(state=TrialState.RUNNING)
    earlier.datetime_start = datetime.datetime(2001, 2, 3, 4, 5, 6)  # noqa: DTZ001  trials have local times
    study.add_trial(earlier)
    (summary,) = summarize(make_study)
    assert summary.datetime_start == earlier.datetime_start


def summary(study_id: int, **changes: Any) -> StudySummary:
    fields: dict[str, Any] = {
        "study_name": "a",
        "direction": StudyDirection.MINIMIZE,
        "best_trial": None,
        "user_attrs": {},
        "n_trials": 0,
        "datetime_start": None,
        "study_id": study_id,
    }
    return StudySummary(**{**fields, **changes})


def test_comparisons() -> None:
    assert summary(1) == summary(1)
    assert summary(1) != summary(1, n_trials=2)
    assert summary(1) < summary(2)
    assert summary(1) <= summary(1)
    assert min([summary(2), summary(1)]) == summary(1)
    assert summary(1) != 1
    with pytest.raises(TypeError):
        _ = summary(1) < 1  # type: ignore[operator]


def test_one_of_direction_and_directions() -> None:
    for arguments in ({"direction": None}, {"directions": [StudyDirection.MINIMIZE]}):
        with pytest.raises(ValueError, match="direction"):
            summary(1, **arguments)
    assert summary(1, direction=None, directions=[StudyDirection.MAXIMIZE]).direction == StudyDirection.MAXIMIZE
