"""GridSampler: every cell once, whatever happens on the way."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import FloatDistribution, IntDistribution
from optimist.samplers import GridSampler, PartialFixedSampler, RandomSampler
from optimist.samplers.grid import Grid
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import Trial

GRID: dict[str, list[Any]] = {"x": [1, 2, 3, 4], "y": [0.0, 0.5, 1.0], "kind": ["a", "b", None]}
N_CELLS = 36


def objective(trial: Trial) -> float:
    x = trial.suggest_int("x", 0, 10)
    y = trial.suggest_float("y", 0, 1)
    kind = trial.suggest_categorical("kind", ["a", "b", None, "z"])
    return x + y + (kind == "a")


def recommending(trial: Trial) -> float:
    x = trial.suggest_int("x", 0, 10, default=2)
    y = trial.suggest_float("y", 0, 1, default=0.5)
    kind = trial.suggest_categorical("kind", ["a", "b", None, "z"], default="b")
    return x + y + (kind == "a")


def cells(study: Study, *states: TrialState) -> Counter[tuple[Any, ...]]:
    """How often each cell was tried by trials of these states; by default complete ones."""
    names = sorted(GRID)
    trials = study.get_trials(deepcopy=False, states=states or (TrialState.COMPLETE,))
    return Counter(tuple(trial.params.get(name) for name in names) for trial in trials)


def new_study(grid: Mapping[str, Any] = GRID, seed: int | None = None, **options: Any) -> Study:
    return optimist.create_study(sampler=GridSampler(grid, seed=seed), **options)


def test_tries_every_cell_once_and_stops() -> None:
    study = new_study()
    assert not sampler_of(study).is_exhausted(study)
    study.optimize(objective)
    assert len(study.trials) == len(cells(study)) == N_CELLS
    assert sampler_of(study).is_exhausted(study)
    assert study.exhausted
    study.optimize(objective)
    assert len(study.trials) == N_CELLS


def sampler_of(study: Study) -> GridSampler:
    assert isinstance(study.sampler, GridSampler)
    return study.sampler


@pytest.mark.parametrize("objective", [objective, recommending])
@pytest.mark.parametrize("n_jobs", [2, 5])
def test_threads_repeat_nothing(objective: Any, n_jobs: int) -> None:
    def slow(trial: Trial) -> float:
        time.sleep(0.0002 * (trial.number % 3))
        return float(objective(trial))

    study = new_study()
    study.optimize(slow, n_jobs=n_jobs)
    assert len(cells(study)) == N_CELLS
    # Only what ran beside the very first trial may have met the recommended values before they were known.
    assert len(study.trials) <= N_CELLS + (objective is recommending) * (n_jobs - 1)


def test_defaults_on_the_grid_take_no_extra_trial() -> None:
    study = new_study()
    study.optimize(recommending)
    assert len(study.trials) == len(cells(study)) == N_CELLS
    assert study.trials[0].params == {"x": 2, "y": 0.5, "kind": "b"}
    assert study.default_trial is not None
    assert study.default_trial.number == 0


def test_144_cells_with_defaults_take_144_trials() -> None:
    def forest(trial: Trial) -> float:
        n = trial.suggest_int("n_estimators", 10, 200, default=100)
        depth = trial.suggest_int("max_depth", 2, 32, default=32)
        features = trial.suggest_categorical("max_features", ["sqrt", "log2", None], default="sqrt")
        leaf = trial.suggest_int("min_samples_leaf", 1, 8, default=1)
        return n + depth + leaf + len(str(features))

    grid = {
        "n_estimators": [10, 50, 100, 200],
        "max_depth": [4, 8, 16, 32],
        "max_features": ["sqrt", "log2", None],
        "min_samples_leaf": [1, 2, 4],
    }
    study = new_study(grid)
    study.optimize(forest)
    assert len(study.trials) == 144
    assert len({str(trial.params) for trial in study.trials}) == 144


def test_defaults_off_the_grid_take_one_extra_trial() -> None:
    def off(trial: Trial) -> float:
        trial.suggest_categorical("kind", ["a", "b", None, "z"], default="z")
        return objective(trial)

    study = new_study()
    study.optimize(off)
    assert len(study.trials) == N_CELLS + 1
    assert study.trials[0].params["kind"] == "z"
    assert sum(cells(study)[cell] == 1 for cell in cells(study)) == N_CELLS + 1


def test_a_failed_cell_is_tried_once_more_after_the_others() -> None:
    def flaky(trial: Trial) -> float:
        value = objective(trial)
        if trial.number < 10:
            raise ValueError
        return value

    study = new_study()
    study.optimize(flaky, catch=ValueError)
    assert len(study.trials) == N_CELLS + 10
    assert len(cells(study)) == N_CELLS
    assert {tuple(t.params.values()) for t in study.trials[:10]} == {
        tuple(t.params.values()) for t in study.trials[-10:]
    }


def test_a_cell_that_always_fails_is_given_up() -> None:
    def broken(trial: Trial) -> float:
        if objective(trial) > 3:
            raise ValueError
        return 0.0

    study = new_study()
    study.optimize(broken, catch=ValueError)
    failed = cells(study, TrialState.FAIL)
    assert set(failed.values()) == {2}
    assert len(failed) + len(cells(study)) == N_CELLS
    assert study.exhausted


@pytest.mark.parametrize("recommends", [False, True])
def test_trials_that_fail_before_they_ask_for_anything_count_as_their_cell(recommends: bool) -> None:
    def broken(trial: Trial) -> float:
        if trial.number % 2:
            raise ValueError
        return recommending(trial) if recommends else objective(trial)

    study = new_study()
    study.optimize(broken, catch=ValueError)
    assert len(cells(study)) <= N_CELLS
    assert len(study.trials) <= 2 * N_CELLS + 2
    assert study.exhausted


def test_queued_cells_count() -> None:
    study = new_study()
    for x in (1, 2, 3):
        study.enqueue_trial({"x": x, "y": 0.5, "kind": "a"})
    study.enqueue_trial({"x": 9, "y": 0.5, "kind": "a"})
    study.optimize(objective, n_trials=7)
    study.enqueue_trial({"x": 4, "y": 1.0, "kind": "b"})
    study.enqueue_trial({"x": 4, "y": 1.0, "kind": None})
    study.optimize(objective)
    assert len(cells(study)) == N_CELLS + 1
    assert len(study.trials) - N_CELLS - 1 <= 2  # the last two may have been tried before they were queued


def test_waiting_trials_are_run_even_when_nothing_is_left() -> None:
    study = new_study()
    study.optimize(objective)
    study.enqueue_trial({"x": 1, "y": 0.5, "kind": "a"})
    study.optimize(objective)
    assert len(study.trials) == N_CELLS + 1


def test_trials_of_other_samplers_count() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    on_grid = {
        "x": IntDistribution(1, 4),
        "y": FloatDistribution(0, 1, step=0.5),
        "kind": optimist.distributions.CategoricalDistribution(["a", "b", None, "z"]),
    }
    for _ in range(25):
        study.tell(study.ask(dict(on_grid)), 0.0)
    n_before = sum(cell[0] != "z" for cell in cells(study))
    study.sampler = GridSampler(GRID)
    study.optimize(lambda trial: float(len([trial.suggest(name, d) for name, d in on_grid.items()])))
    assert sum(cell[0] != "z" for cell in cells(study)) == N_CELLS
    assert len(study.trials) == 25 + N_CELLS - n_before


def test_pruned_cells_count() -> None:
    def pruning(trial: Trial) -> float:
        if objective(trial) > 3:
            raise optimist.TrialPruned
        return 0.0

    study = new_study()
    study.optimize(pruning)
    assert len(study.trials) == N_CELLS


def test_resumes_where_it_was_interrupted() -> None:
    storage = optimist.storages.InMemoryStorage()
    for seed in range(4):
        study = new_study(seed=seed, storage=storage, study_name="grid", load_if_exists=True)
        study.optimize(objective, n_trials=10)
    assert len(study.trials) == len(cells(study)) == N_CELLS


def test_workers_with_different_seeds_repeat_nothing() -> None:
    storage = optimist.storages.InMemoryStorage()
    studies = [new_study(seed=seed, storage=storage, study_name="grid", load_if_exists=True) for seed in (None, 1, 2)]
    open_trials: list[tuple[Study, Trial]] = []
    while any(not sampler_of(study).is_exhausted(study) for study in studies):
        for study in studies:
            if not sampler_of(study).is_exhausted(study):
                open_trials.append((study, study.ask()))
        for study, trial in open_trials[::2]:
            study.tell(trial, objective(trial))
        open_trials = open_trials[1::2]
    for study, trial in open_trials:
        study.tell(trial, objective(trial))
    assert len(studies[0].trials) == len(cells(studies[0])) == N_CELLS


def test_workers_on_a_store_share_what_failed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    workers = [new_study(storage=url, study_name="s", load_if_exists=True, seed=seed) for seed in range(3)]
    n_asked = 0
    while not any(sampler_of(worker).is_exhausted(worker) for worker in workers):
        trials = [worker.ask() for worker in workers if not sampler_of(worker).is_exhausted(worker)]
        for worker, trial in zip(workers, trials, strict=False):
            value, n_asked = objective(trial), n_asked + 1
            worker.tell(trial, *([None, TrialState.FAIL] if n_asked in (3, 10, 20) else [value]))
    assert n_asked == N_CELLS + 3
    assert len(cells(workers[0])) == N_CELLS


def test_of_two_claims_on_a_cell_one_gives_way(tmp_path: Path) -> None:
    """The rival's claim becomes visible only after ours was committed."""
    url = f"sqlite:///{tmp_path / 's.db'}"
    grid = {"x": [1, 2, 3, 4]}
    ours, theirs = (new_study(grid, storage=url, study_name="s", load_if_exists=True) for _ in range(2))
    for _ in range(4):
        ours.tell(ours.ask(), state=TrialState.FAIL)
    rival = theirs.ask()
    publish, claimed = ours.publish, []

    def publish_late(number: int) -> None:
        draft = ours.ledger.history.drafts[number]
        claimed.append(draft.system_attrs["grid_id"])
        if len(claimed) == 1:
            theirs.set_trial_system_attr(rival.number, "grid_id", claimed[0])
            theirs.publish(rival.number)
        publish(number)

    ours.publish = publish_late  # type: ignore[method-assign]
    trial = ours.ask()
    assert len(claimed) == 2
    assert trial.draft.system_attrs["grid_id"] == claimed[1] != claimed[0]


def test_trials_keep_grid_id_and_search_space_as_optuna_does() -> None:
    study = new_study()
    study.optimize(objective, n_trials=5)
    for trial in study.trials:
        assert trial.system_attrs == {
            "grid_id": trial.number,
            "search_space": {name: GRID[name] for name in sorted(GRID)},
        }


def test_a_trial_beyond_the_end_repeats_a_cell_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    optimist.logging.enable_propagation()
    study = new_study()
    study.optimize(objective)
    trial = study.ask()
    optimist.logging.disable_propagation()
    assert "repeats a cell" in caplog.text
    study.tell(trial, objective(trial))
    assert len(cells(study)) == N_CELLS


def test_a_running_cell_is_not_tried_again() -> None:
    study = new_study({"x": [1, 2, 3, 4]})
    asked = [study.ask() for _ in range(4)]
    assert sampler_of(study).is_exhausted(study)
    assert sorted(trial.suggest_int("x", 0, 9) for trial in asked) == [1, 2, 3, 4]
    study.tell(asked[0], state=TrialState.FAIL)
    assert not sampler_of(study).is_exhausted(study)
    assert study.ask().suggest_int("x", 0, 9) == asked[0].params["x"]


def test_conditional_parameters_make_no_repetitions() -> None:
    def conditional(trial: Trial) -> float:
        x = trial.suggest_int("x", 0, 10)
        return x if x < 3 else x + trial.suggest_float("y", 0, 1)

    study = new_study({"x": [1, 2, 3, 4], "y": [0.0, 0.5, 1.0]})
    study.optimize(conditional)
    assert len(study.trials) == len({str(trial.params) for trial in study.trials}) == 2 + 2 * 3


def test_a_parameter_outside_the_grid_is_an_error() -> None:
    study = new_study({"x": [1]})
    with pytest.raises(ValueError, match="'z' is not in the grid, which has: x"):
        study.ask().suggest_int("z", 1, 2)


def test_a_queued_trial_must_specify_all_parameters() -> None:
    study = new_study({"x": [1], "y": [0.0]})
    study.enqueue_trial({"x": 1})
    with pytest.raises(ValueError, match="must specify all parameters"):
        study.ask().suggest_float("y", 0, 1)


def test_a_value_outside_the_range_is_used_with_a_warning() -> None:
    study = new_study({"x": [20]})
    with pytest.warns(UserWarning, match="'x': the grid's value 20 is used although it is not in"):
        assert study.ask().suggest_int("x", 0, 10) == 20
    study = new_study({"x": [0.25]})
    with pytest.warns(UserWarning, match="grid's value"):
        assert study.ask().suggest_float("x", 0, 1, step=0.5) == 0.25
    assert sampler_of(study).is_exhausted(study)


def test_a_choice_that_does_not_exist_is_an_error() -> None:
    study = new_study({"kind": ["other"]})
    with pytest.raises(ValueError, match="'other' is not one of the choices"):
        study.ask().suggest_categorical("kind", ["a", "b"])


def test_values_that_float_cannot_order_are_cells_too() -> None:
    grid = {"c": [None, True, 1, "1", math.nan, -math.inf]}
    study = new_study(grid)
    study.optimize(
        lambda trial: float(trial.suggest_categorical("c", [math.nan, -math.inf, 1, True, "1", None]) is None)
    )
    assert len(study.trials) == 6
    assert len({repr(trial.params["c"]) for trial in study.trials}) == 6
    again = optimist.create_study(sampler=GridSampler({"c": [None, True, 1, "1", float("nan"), -math.inf]}))
    again.add_trials(study.trials)
    assert sampler_of(again).is_exhausted(again)


def test_repeated_values_are_tried_once() -> None:
    study = new_study({"x": [1, 2, 1, 1]})
    study.optimize(lambda trial: trial.suggest_int("x", 0, 9))
    assert sorted(trial.params["x"] for trial in study.trials) == [1, 2]


def test_numpy_values_become_plain_ones() -> None:
    numpy = pytest.importorskip("numpy")
    grid = Grid({"x": numpy.arange(3), "y": numpy.linspace(0, 1, 3)})
    assert grid.values == {"x": [0, 1, 2], "y": [0.0, 0.5, 1.0]}
    assert {type(value) for values in grid.values.values() for value in values} == {int, float}


def test_a_parameter_without_values_is_refused() -> None:
    with pytest.raises(ValueError, match="'x' has no values"):
        GridSampler({"x": []})


def test_values_that_cannot_be_stored_warn() -> None:
    with pytest.warns(UserWarning, match="a storage can keep"):
        GridSampler({"x": [(1, 2)]})


def test_the_empty_grid_has_one_cell() -> None:
    study = new_study({})
    study.optimize(lambda _trial: 0.0)
    assert len(study.trials) == 1


def test_an_imported_grid_id_of_another_order_does_not_count() -> None:
    """Optuna numbers the cells of the same grid differently; what was tried is judged by the parameters."""
    study = new_study({"x": [1, 2, 3]})
    study.add_trial(
        optimist.trial.create_trial(
            value=0.0,
            params={"x": 3},
            distributions={"x": IntDistribution(0, 9)},
            system_attrs={"grid_id": 0, "search_space": {"x": [1, 2, 3]}},
        )
    )
    study.optimize(lambda trial: trial.suggest_int("x", 0, 9))
    assert sorted(trial.params["x"] for trial in study.trials) == [1, 2, 3]


def test_a_grid_id_that_a_trial_brings_along_is_kept() -> None:
    study = new_study()
    study.optimize(objective, n_trials=3)
    attrs = study.trials[1].system_attrs
    study.add_trial(optimist.trial.create_trial(state=TrialState.WAITING, system_attrs=attrs))
    study.optimize(objective, n_trials=1)
    assert study.trials[3].params == study.trials[1].params


def test_another_grid_on_the_same_study_starts_from_what_fits() -> None:
    study = new_study()
    study.optimize(objective)
    study.sampler = GridSampler({**GRID, "x": [3, 4, 5]})
    study.optimize(objective)
    assert len(study.trials) == N_CELLS + 9


def test_huge_grids_start_at_once() -> None:
    study = new_study({f"p{i:02}": list(range(10)) for i in range(30)})
    study.optimize(lambda trial: sum(trial.suggest_int(f"p{i:02}", 0, 9) for i in range(30)), n_trials=20)
    assert len({str(trial.params) for trial in study.trials}) == 20
    counts = Counter(trial.params["p29"] for trial in study.trials)
    assert set(counts.values()) == {2}


def test_fixed_parameters_cut_the_grid_down() -> None:
    study = optimist.create_study(sampler=PartialFixedSampler({"x": 3}, GridSampler(GRID)))
    study.optimize(objective)
    assert len(study.trials) == len(cells(study)) == 9
    assert {trial.params["x"] for trial in study.trials} == {3}


def test_a_pickled_sampler_goes_on() -> None:
    study = new_study()
    study.optimize(objective, n_trials=5)
    study = pickle.loads(pickle.dumps(study))
    study.optimize(objective)
    assert len(study.trials) == len(cells(study)) == N_CELLS


def test_the_cost_of_a_trial_does_not_grow() -> None:
    """The last of 3,000 cells, a third of which failed before, cost about as much as the first."""
    study = new_study({"x": list(range(100)), "y": list(range(30))})

    def flaky(trial: Trial) -> float:
        trial.suggest_int("x", 0, 99)
        trial.suggest_int("y", 0, 29)
        if trial.number < 3000 and trial.number % 3 == 0:
            raise ValueError
        return 0.0

    optimist.logging.set_verbosity(optimist.logging.CRITICAL)
    seconds = []
    for _ in range(4):
        started = time.process_time()
        study.optimize(flaky, n_trials=1000, catch=ValueError)
        seconds.append(time.process_time() - started)
    optimist.logging.set_verbosity(optimist.logging.INFO)
    assert len(study.trials) == 4000
    assert study.exhausted
    assert seconds[3] < 3 * seconds[0] + 0.1


_WORKER = textwrap.dedent("""
    import sys, time, optimist
    optimist.logging.set_verbosity(optimist.logging.CRITICAL)
    grid = {"x": [1, 2, 3, 4], "y": [0.0, 0.5, 1.0], "kind": ["a", "b", None]}
    sampler = optimist.samplers.GridSampler(grid, seed=int(sys.argv[2]))
    study = optimist.create_study(study_name="grid", storage=sys.argv[1], load_if_exists=True, sampler=sampler)
    def objective(trial):
        x = trial.suggest_int("x", 0, 10)
        y = trial.suggest_float("y", 0, 1)
        trial.suggest_categorical("kind", ["a", "b", None])
        if trial.number in (3, 4, 5):
            raise ValueError
        return x + y
    study.optimize(objective, catch=ValueError)
""")


@pytest.mark.slow
def test_processes_repeat_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'grid.db'}"
    optimist.create_study(study_name="grid", storage=url)
    workers = [subprocess.Popen([sys.executable, "-c", _WORKER, url, str(seed)]) for seed in range(3)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    study = optimist.load_study(study_name="grid", storage=url)
    assert len(cells(study)) == sum(cells(study).values()) == N_CELLS
