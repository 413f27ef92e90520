"""MaxTrialsCallback."""

from __future__ import annotations

import pytest

import optimist
from optimist.states import TrialState
from optimist.study import MaxTrialsCallback
from tests.unit.study.conftest import MakeStudy, suggest_all


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_complete_trials_count(study: optimist.Study, n_jobs: int) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.number % 2:
            raise optimist.TrialPruned
        return 1.0

    study.optimize(objective, n_jobs=n_jobs, callbacks=[MaxTrialsCallback(3)])
    assert 3 <= study.count_trials()[TrialState.COMPLETE] <= 2 + n_jobs


def test_chosen_states_count(study: optimist.Study) -> None:
    callback = MaxTrialsCallback(4, states=(TrialState.FAIL, TrialState.COMPLETE))
    study.optimize(lambda trial: None if trial.number < 3 else 1.0, callbacks=[callback])  # type: ignore[arg-type, return-value]
    assert len(study.trials) == 4


def test_every_state_counts_without_states(study: optimist.Study) -> None:
    study.enqueue_trial({"x": 0.5})
    study.enqueue_trial({"x": 0.25})
    study.optimize(suggest_all, callbacks=[MaxTrialsCallback(2, states=None)])
    assert study.count_trials()[TrialState.COMPLETE] == 1


def test_trials_of_others_count(make_study: MakeStudy) -> None:
    make_study(study_name="shared").optimize(suggest_all, n_trials=5)
    mine = make_study(study_name="shared", load_if_exists=True)
    mine.optimize(suggest_all, callbacks=[MaxTrialsCallback(7)])
    assert len(mine.trials) == 7
