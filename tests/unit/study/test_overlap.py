"""In a store, the next trial begins with the commit that ends the last one; and none begins that is not run."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.states import TrialState
from optimist.study.escort import Escort


@pytest.fixture
def study(tmp_path: Path) -> optimist.Study:
    return optimist.create_study(storage=f"sqlite:///{tmp_path}/study.db")


def states(study: optimist.Study) -> list[str]:
    return [trial.state.name for trial in study.trials]


def plain(trial: optimist.Trial) -> float:
    return trial.suggest_float("x", 0, 1)


def test_number_of_trials(study: optimist.Study) -> None:
    study.optimize(plain, n_trials=3)
    assert states(study) == ["COMPLETE"] * 3
    study.optimize(plain, n_trials=1)
    assert states(study) == ["COMPLETE"] * 4


def test_total_number_of_trials(study: optimist.Study) -> None:
    study.optimize(plain, total_trials=3)
    study.optimize(plain, total_trials=3)
    assert states(study) == ["COMPLETE"] * 3


def test_each_trial_sees_the_one_before(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        assert len(trial.study.get_trials(states=[TrialState.COMPLETE])) == trial.number
        return plain(trial)

    study.optimize(objective, n_trials=5)


def test_queued_trials_come_first(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        x = plain(trial)
        if trial.number == 1:
            study.enqueue_trial({"x": 0.125})
        return x

    study.optimize(objective, n_trials=4)
    assert [trial.params["x"] == 0.125 for trial in study.trials] == [False, False, True, False]
    assert states(study) == ["COMPLETE"] * 4


def test_stop_in_the_objective(study: optimist.Study) -> None:
    study.optimize(lambda trial: study.stop() or 1.0 if trial.number == 1 else 0.0)
    assert states(study) == ["COMPLETE"] * 2


def test_stop_in_a_callback(study: optimist.Study) -> None:
    study.optimize(plain, callbacks=[lambda study, trial: study.stop()])
    assert states(study) == ["COMPLETE"]


def test_stop_after_the_trial(study: optimist.Study) -> None:
    class Stopping(optimist.samplers.RandomSampler):
        def after_trial(
            self, study: StudyLike, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
        ) -> None:
            study.stop()  # type: ignore[attr-defined]

    study.sampler = Stopping()
    study.optimize(plain)
    assert states(study) == ["COMPLETE"]


def test_target(study: optimist.Study) -> None:
    study.optimize(lambda trial: float(-trial.number), target=-2.0)
    assert states(study) == ["COMPLETE"] * 3


def test_timeout(study: optimist.Study) -> None:
    study.optimize(plain, timeout=0.2)
    assert set(states(study)) == {"COMPLETE"}


def test_error_that_ends_the_loop(study: optimist.Study) -> None:
    with pytest.raises(ZeroDivisionError):
        study.optimize(lambda trial: 1 / (1 - trial.number))
    assert states(study) == ["COMPLETE", "FAIL"]
    study.optimize(lambda trial: 1 / (3 - trial.number), n_trials=3, catch=ZeroDivisionError)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "FAIL", "COMPLETE"]


def test_ctrl_c_meets_the_trial_that_has_begun(study: optimist.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    finish = study.ledger.finish

    def pressed(*args: Any) -> Any:
        monkeypatch.setattr(study.ledger, "finish", finish)
        signal.raise_signal(signal.SIGINT)
        return finish(*args)

    monkeypatch.setattr(study.ledger, "finish", pressed)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(plain, n_trials=3)
    assert states(study) == ["COMPLETE", "FAIL"]
    study.optimize(plain, n_trials=1)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE"]


def test_trial_of_a_loop_that_broke_is_run_by_the_next_one(study: optimist.Study) -> None:
    class Breaking(Escort):
        def ended(self, number: int, state: TrialState, values: Sequence[float] | None, *, is_fatal: bool) -> None:
            raise OSError("The disk is full.")

    study.escort = Breaking()
    with pytest.raises(OSError, match="full"):
        study.optimize(plain, n_trials=3)
    assert states(study) == ["COMPLETE", "FAIL", "WAITING"]
    study.escort = Escort()
    study.optimize(plain, n_trials=2)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
