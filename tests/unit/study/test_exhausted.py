"""Study.exhausted: whether a finite space has anything left to try."""

from __future__ import annotations

from typing import Any

import optimist
from optimist.samplers import BruteForceSampler, GridSampler, RandomSampler
from optimist.states import TrialState
from optimist.storages.base import ANY_TERMS
from optimist.study import Study
from optimist.study.conductor import Conductor
from optimist.trial import Trial


def objective(trial: Trial) -> float:
    return trial.suggest_int("x", 1, 3) + trial.suggest_float("y", 0, 1, step=0.5)


CELLS = [{"x": x, "y": y} for x in (1, 2, 3) for y in (0.0, 0.5, 1.0)]


def study_after(*cells: dict[str, Any], sampler: Any = None) -> Study:
    study = optimist.create_study(sampler=sampler or RandomSampler(0))
    for cell in cells:
        study.enqueue_trial(cell)
    if cells:
        study.optimize(objective, n_trials=len(cells))
    return study


def test_when_every_cell_is_complete() -> None:
    assert not study_after().exhausted
    assert not study_after(*CELLS[:8]).exhausted
    assert not study_after(*CELLS[:8], CELLS[0], CELLS[0]).exhausted
    assert study_after(*CELLS).exhausted


def test_random_search_goes_on_nevertheless() -> None:
    study = study_after(*CELLS)
    study.optimize(objective, n_trials=5)
    assert len(study.trials) == 14


def test_running_and_waiting_cells_count_and_failed_ones_do_not() -> None:
    study = study_after(*CELLS[:7])
    study.enqueue_trial(CELLS[7])
    trial = study.ask()
    objective(trial)
    assert not study.exhausted
    study.enqueue_trial(CELLS[8])
    assert study.exhausted
    study.tell(trial, state=TrialState.FAIL)
    assert not study.exhausted
    study.enqueue_trial(CELLS[7])
    assert study.exhausted


def test_pruned_cells_count() -> None:
    study = study_after(*CELLS[:8])
    study.enqueue_trial(CELLS[8])
    trial = study.ask()
    objective(trial)
    study.tell(trial, state=TrialState.PRUNED)
    assert study.exhausted


def test_never_with_a_continuous_parameter() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    study.optimize(lambda trial: trial.suggest_int("x", 1, 1) + trial.suggest_float("y", 0, 1), n_trials=5)
    assert not study.exhausted


def test_single_values_make_no_difference() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    study.optimize(lambda trial: trial.suggest_int("x", 1, 1) + trial.suggest_float("y", 2.0, 2.0), n_trials=1)
    assert study.exhausted


def test_never_in_a_space_with_conditions() -> None:
    def conditional(trial: Trial) -> float:
        x = trial.suggest_int("x", 0, 1)
        return x or x + trial.suggest_int("y", 0, 1)

    study = optimist.create_study(sampler=RandomSampler(0))
    study.optimize(conditional, n_trials=30)
    assert not study.exhausted


def test_never_where_ranges_changed() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    study.optimize(lambda trial: trial.suggest_int("x", 0, 1), n_trials=20)
    assert study.exhausted
    study.optimize(lambda trial: trial.suggest_int("x", 0, 2), n_trials=1)
    assert not study.exhausted


def test_samplers_that_know_their_space_have_the_last_word() -> None:
    grid = optimist.create_study(sampler=GridSampler({"x": [1, 2], "y": [0.25]}))
    grid.optimize(lambda trial: trial.suggest_int("x", 0, 9) + trial.suggest_float("y", 0, 1))
    assert grid.exhausted
    brute_force = optimist.create_study(sampler=BruteForceSampler(0))
    brute_force.optimize(lambda trial: 0 if trial.suggest_int("x", 0, 1) else trial.suggest_int("y", 0, 3))
    assert brute_force.exhausted
    assert len(brute_force.trials) == 5


def test_other_processes_are_seen(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    watcher = optimist.create_study(study_name="s", storage=url, sampler=RandomSampler(0))
    worker = optimist.load_study(study_name="s", storage=url, sampler=RandomSampler(0))
    assert not watcher.exhausted
    for cell in CELLS:
        worker.enqueue_trial(cell)
    worker.optimize(objective, n_trials=len(CELLS))
    assert watcher.exhausted


def test_a_worker_that_comes_too_late_fails_its_trial_unrun() -> None:
    """Between looking and beginning, another worker may take the last cell."""
    storage = optimist.storages.InMemoryStorage()
    first, second = (
        optimist.create_study(study_name="s", storage=storage, load_if_exists=True, sampler=GridSampler({"x": [1]}))
        for _ in range(2)
    )
    conductor = Conductor(second)
    assert conductor.wants_more()
    trial = first.ask()
    assert conductor.begin(ANY_TERMS) is None
    late = second.trials[1]
    assert late.state == TrialState.FAIL
    assert late.system_attrs == {"optimist:surplus": True}
    first.tell(trial, float(trial.suggest_int("x", 0, 9)))
    second.optimize(lambda trial: trial.suggest_int("x", 0, 9))
    assert len(second.trials) == 2


def test_what_waits_is_run_although_nothing_is_left() -> None:
    study = study_after(sampler=GridSampler({"x": [1], "y": [0.0]}))
    study.optimize(objective)
    study.enqueue_trial({"x": 1, "y": 0.0})
    study.optimize(objective)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 2
