"""Confirming the best trials, in a study of its own."""

from __future__ import annotations

from typing import Any

import pytest

import optimist
from tests.unit.study.conftest import MakeStudy


def noisy(trial: Any) -> float:
    """A parabola, and luck that depends on the trial in the search and on the seed in a confirmation."""
    x = trial.suggest_float("x", -1.0, 1.0, default=0.9)
    seed = trial.user_attrs.get("seed", 0)
    return float(x * x + (0.01 * ((seed * 7) % 5) if seed else -0.2 * (trial.number % 3 == 2)))


def test_history_of_the_search_stays(make_study: MakeStudy) -> None:
    study = make_study(study_name="noise")
    study.optimize(noisy, n_trials=12)
    found = study.confirm(noisy, k=3, seeds=2)
    assert len(study.trials) == 12
    assert found.searched_best.number == study.best_trial.number
    assert found.default is not None
    assert found.default.number == 0
    assert len(found.trials) == 4
    assert found.searched_best.gap == pytest.approx(0.2 + 0.01 * (2 + 4) / 2)
    assert [trial.mean for trial in found.trials] == sorted(trial.mean for trial in found.trials)
    runs = optimist.load_study(study_name="noise: confirmation", storage=study._storage)
    assert found.runs_study_name == runs.study_name
    assert len(runs.trials) == 8
    assert {(t.user_attrs["confirms"], t.user_attrs["seed"]) for t in runs.trials} == {
        (t.number, seed) for t in found.trials for seed in (1, 2)
    }


def test_goes_on_where_it_stood(make_study: MakeStudy) -> None:
    study = make_study()
    study.optimize(noisy, n_trials=5)
    asked: list[int] = []

    def breaks_off(trial: Any) -> float:
        asked.append(trial.user_attrs["seed"])
        if len(asked) == 3:
            raise KeyboardInterrupt
        return noisy(trial)

    with pytest.raises(KeyboardInterrupt):
        study.confirm(breaks_off, k=2, seeds=2)
    assert asked == [1, 1, 1]
    found = study.confirm(breaks_off, k=2, seeds=2)
    assert found.n_reused == 2
    assert sorted(asked[3:]) == [1, 2, 2, 2]
    assert study.confirm(breaks_off, k=2, seeds=[2, 9]).n_reused == 3
    assert asked[7:] == [9, 9, 9]


def test_runs_of_an_earlier_study_of_the_name_do_not_count(make_study: MakeStudy) -> None:
    study = make_study(study_name="again")
    study.enqueue_trial({"x": 0.5})
    study.optimize(noisy, n_trials=1)
    study.confirm(noisy, k=1, seeds=1)
    optimist.delete_study(study_name="again", storage=study._storage)
    study = make_study(study_name="again")
    study.enqueue_trial({"x": 0.25})
    study.optimize(noisy, n_trials=1)
    found = study.confirm(noisy, k=1, seeds=1)
    assert found.n_reused == 0
    assert found.winner.values == (0.25**2 + 0.02,)


def test_same_parameters_once_and_best_default_once(study: optimist.Study) -> None:
    for x in (0.9, 0.1, 0.1, 0.1, 0.3):
        study.enqueue_trial({"x": x})
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1, default=0.0) ** 2, n_trials=6)
    found = study.confirm(lambda trial: trial.suggest_float("x", -1, 1) ** 2, k=3, seeds=1)
    assert [trial.params["x"] for trial in found.trials] == [0.0, 0.1, 0.3]
    assert found.winner.is_default


def test_failed_runs(study: optimist.Study) -> None:
    study.optimize(noisy, n_trials=6)
    best = study.best_trial.params

    def breaks(trial: Any) -> float:
        if trial.suggest_float("x", -1.0, 1.0) == best["x"]:
            raise ArithmeticError
        return noisy(trial)

    found = study.confirm(breaks, k=2, seeds=2, catch=ArithmeticError)
    assert found.trials[-1].n_failed == 2
    assert found.searched_best is found.trials[-1]


def test_nothing_is_pruned(study: optimist.Study) -> None:
    study.pruner = optimist.pruners.ThresholdPruner(upper=0.0)

    def reports(trial: Any) -> float:
        trial.report(1.0, 0)
        assert not trial.should_prune()
        return noisy(trial)

    study.optimize(noisy, n_trials=2)
    assert study.confirm(reports, k=1, seeds=1).winner.n_failed == 0


def test_what_it_refuses(make_study: MakeStudy) -> None:
    study = make_study()
    with pytest.raises(ValueError, match="nothing to confirm"):
        study.confirm(noisy)
    study.optimize(noisy, n_trials=1)
    with pytest.raises(ValueError, match="k="):
        study.confirm(noisy, k=0)
    with pytest.raises(ValueError, match="seeds="):
        study.confirm(noisy, seeds=0)
    with pytest.raises(ValueError, match="seeds="):
        study.confirm(noisy, seeds=[1, 1])
    several = make_study(directions=["minimize", "minimize"])
    with pytest.raises(RuntimeError, match="single objective"):
        several.confirm(noisy)
