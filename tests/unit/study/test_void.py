"""Voided trials stay listed, and count for nothing: in this study object and in every other one."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.cli import main
from optimist.exceptions import TrialNotFinishedError, TrialNotFoundError
from optimist.samplers import GridSampler, RandomSampler, TPESampler
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import Trial, create_trial
from tests.unit.study.conftest import MakeStudy, suggest_all


def square(trial: Trial) -> float:
    return trial.suggest_float("x", -10, 10) ** 2


def test_voided_trial_is_listed_and_never_the_best(study: Study) -> None:
    study.optimize(square, n_trials=12)
    best = study.best_trial
    study.void(best, "measured on the wrong data")
    assert study.best_trial.number != best.number
    assert study.best_trials == [study.best_trial]
    listed = study.trials[best.number]
    assert (listed.state, listed.value, listed.params) == (best.state, best.value, best.params)
    assert listed.void_reason == listed.system_attrs["optimist:void"] == "measured on the wrong data"
    assert len(study.trials) == len(study.get_trials(states=[TrialState.COMPLETE])) == 12
    assert study.count_trials()[TrialState.COMPLETE] == 11
    view = study.view()
    assert view.n == view.count(TrialState.COMPLETE) == 11
    assert best.number not in view.numbers
    study.optimize(square, n_trials=3)
    assert [trial.number for trial in study.trials] == list(range(15))


def test_void_takes_a_trial_a_snapshot_or_a_number(study: Study) -> None:
    asked = study.ask()
    with pytest.raises(TrialNotFinishedError, match="RUNNING"):
        study.void(asked, "early")
    study.tell(asked, 1.0)
    study.void(asked, "r")
    study.void(study.tell(study.ask(), 1.0), "r")
    study.void(study.tell(study.ask(), state=TrialState.FAIL).number, "r")
    assert all(trial.void_reason == "r" for trial in study.trials)
    with pytest.raises(ValueError, match="No trials are completed"):
        _ = study.best_value


def test_what_void_refuses(study: Study) -> None:
    study.tell(study.ask(), 1.0)
    with pytest.raises(TrialNotFoundError):
        study.void(9, "r")
    with pytest.raises(ValueError, match="needs a reason"):
        study.void(0, " ")
    with pytest.raises(ValueError, match="512"):
        study.void(0, "x" * 513)
    with pytest.raises(TypeError, match="reason as text"):
        study.void(0, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="trial or its number"):
        study.void("0", "r")  # type: ignore[arg-type]
    assert study.trials[0].void_reason is None


def test_first_reason_stays(study: Study, caplog: pytest.LogCaptureFixture) -> None:
    study.tell(study.ask(), 1.0)
    study.void(0, "first")
    optimist.logging.set_verbosity(logging.INFO)
    optimist.logging.enable_propagation()
    try:
        study.void(0, "second")
    finally:
        optimist.logging.disable_propagation()
    assert "keeps its first reason: first" in caplog.text
    assert study.trials[0].void_reason == "first"


def test_other_handles_see_it(make_study: MakeStudy) -> None:
    study = make_study(study_name="s")
    study.optimize(square, n_trials=5)
    other = optimist.load_study(study_name="s", storage=study._storage)
    assert len(other.trials) == 5
    view = other.view()
    best = study.best_trial.number
    study.void(best, "r")
    for handle in (other, optimist.load_study(study_name="s", storage=study._storage)):
        assert handle.trials[best].void_reason == "r"
        assert handle.best_trial.number == study.best_trial.number != best
        assert handle.view().n == 4
    assert view.n == len(view.numbers) == 5  # what was taken before stays


def test_budget_is_met_without_them(make_study: MakeStudy) -> None:
    study = make_study()
    study.optimize(square, total_trials=4)
    study.void(1, "r")
    study.optimize(square, total_trials=4)
    assert len(study.trials) == 5
    study.optimize(square, total_trials=4)
    assert len(study.trials) == 5


def test_default_is_tried_again(study: Study) -> None:
    def objective(trial: Trial) -> float:
        return trial.suggest_float("x", 0, 1, default=0.25)

    study.optimize(objective, n_trials=2)
    assert study.default_trial is not None
    study.void(study.default_trial, "the cable was loose")
    assert study.default_trial is None
    study.optimize(objective, n_trials=2)
    assert study.default_trial.number == 2  # type: ignore[unreachable]
    assert [trial.params["x"] == 0.25 for trial in study.trials] == [True, False, True, False]


def test_cell_is_tried_again(make_study: MakeStudy) -> None:
    study = make_study(sampler=GridSampler({"k": [1, 2, 3]}))

    def objective(trial: Trial) -> float:
        return trial.suggest_int("k", 1, 3)

    study.optimize(objective)
    assert study.exhausted
    k = study.trials[1].params["k"]
    study.void(1, "r")
    assert not study.exhausted
    study.optimize(objective)
    assert study.exhausted
    assert [trial.params["k"] for trial in study.trials[3:]] == [k]


def test_enqueue_does_not_count_it_as_existing(study: Study) -> None:
    study.enqueue_trial({"x": 1.0})
    study.optimize(square, n_trials=1)
    study.enqueue_trial({"x": 1.0}, skip_if_exists=True)
    assert len(study.trials) == 1
    study.void(0, "r")
    study.enqueue_trial({"x": 1.0}, skip_if_exists=True)
    assert len(study.trials) == 2


def test_sampler_proposes_as_if_it_had_never_been(make_study: MakeStudy) -> None:
    def values(trials: list[Any]) -> list[Any]:
        return [trial.params for trial in trials]

    one, two = make_study(sampler=TPESampler(seed=1)), make_study(sampler=TPESampler(seed=1))
    one.add_trials([create_trial(value=v, params={"x": v}, distributions=X) for v in (-5.0, 0.0, 5.0) * 5])
    two.add_trials([create_trial(value=v, params={"x": v}, distributions=X) for v in (-5.0, 5.0, 5.0) * 5])
    for study in (one, two):
        for number in range(1, 15, 3):
            study.void(number, "r")
        study.optimize(square, n_trials=3)
    assert values(one.trials[15:]) == values(two.trials[15:])


X = {"x": optimist.distributions.FloatDistribution(-10, 10)}


def test_trials_are_voided_while_others_run(make_study: MakeStudy) -> None:
    study = make_study(sampler=RandomSampler(0))
    done = threading.Event()

    def void() -> None:
        while not done.is_set():
            for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
                if trial.number % 5 == 0 and trial.void_reason is None:
                    study.void(trial, f"void {trial.number}")
            time.sleep(0.002)

    def objective(trial: Trial) -> float:
        for i in range(trial.number % 7):
            trial.suggest_float(f"x{i}", 0, 1)
            trial.report(float(i), i)
            trial.set_user_attr(f"a{i}", i)
        if trial.should_prune():
            raise optimist.TrialPruned
        return suggest_all(trial)

    thread = threading.Thread(target=void)
    thread.start()
    try:
        study.optimize(objective, n_trials=80, n_jobs=3)
    finally:
        done.set()
        thread.join()
    trials = study.trials
    assert [trial.number for trial in trials] == list(range(80))
    assert all(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
    assert all(len(trial.user_attrs) == len(trial.intermediate_values) == trial.number % 7 for trial in trials)
    assert all("x" in trial.params for trial in trials if trial.state == TrialState.COMPLETE)
    assert sum(trial.void_reason is not None for trial in trials) > 3
    assert study.view().n == sum(trial.void_reason is None for trial in trials)
    again = optimist.load_study(study_name=study.study_name, storage=study._storage)
    assert again.trials == trials
    assert again.best_trial == study.best_trial


def test_copy_keeps_them(make_study: MakeStudy) -> None:
    study = make_study(study_name="from")
    study.optimize(square, n_trials=3)
    study.void(1, "r")
    optimist.copy_study(
        from_study_name="from", from_storage=study._storage, to_storage=study._storage, to_study_name="to"
    )
    copy = optimist.load_study(study_name="to", storage=study._storage)
    assert [trial.void_reason for trial in copy.trials] == [None, "r", None]
    assert copy.view().n == 2


def test_table_shows_them_in_order(make_study: MakeStudy) -> None:
    study = make_study()
    study.optimize(square, n_trials=4)
    before = study.trials_dataframe()
    study.void(2, "r")
    study.tell(study.ask({"k": optimist.distributions.IntDistribution(0, 3)}), 1.0)
    study.ask()
    table = study.trials_dataframe(("number", "value", "params", "state", "void_reason"))
    assert table["number"].tolist() == list(range(6))
    assert table["value"][:4].tolist() == before["value"].tolist()
    assert table["params_x"][:4].tolist() == before["params_x"].tolist()
    assert table["void_reason"].dropna().to_dict() == {2: "r"}


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPTIMIST_STORAGE", str(tmp_path / "study.db"))
    study = optimist.create_study(study_name="s", storage=str(tmp_path / "study.db"), sampler=RandomSampler(0))
    study.optimize(square, n_trials=3)
    assert main(["trials", "--study-name", "s"]) == 0
    assert "void_reason" not in capsys.readouterr().out
    best = study.best_trial.number
    assert main(["void", "--study-name", "s", "--trial-number", str(best), "--reason", "wrong data"]) == 0
    assert study.trials[best].void_reason == "wrong data"
    assert main(["trials", "--study-name", "s", "--format", "json"]) == 0
    assert '"wrong data"' in capsys.readouterr().out
    assert main(["best-trial", "--study-name", "s", "--format", "json"]) == 0
    assert f'"number": {best}' not in capsys.readouterr().out
    assert main(["void", "--study-name", "s", "--trial-number", "9", "--reason", "r"]) == 1
    assert "no trial 9" in capsys.readouterr().err
