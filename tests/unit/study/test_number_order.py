"""The deterministic mode: the same seed gives the same trials, whoever is faster."""

from __future__ import annotations

import json
import pickle
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.distributions import FloatDistribution, IntDistribution
from optimist.history.records import FrozenTrial
from optimist.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner, WilcoxonPruner
from optimist.samplers import (
    BaseSampler,
    BruteForceSampler,
    GridSampler,
    PartialFixedSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optimist.states import TrialState
from optimist.storages.base import Terms
from optimist.storages.callbacks import HISTORY_KEY
from optimist.storages.leases import LeaseSettings
from optimist.storages.sql.storage import SQLStorage
from optimist.study import Study
from optimist.study.number_order import StudyAsOf
from optimist.trial import Trial, create_trial
from tests.unit.study.conftest import MakeStudy

N_TRIALS = 40


def dawdle() -> None:
    time.sleep(random.choice((0.0, 0.0, 0.001, 0.004, 0.012)))  # not seeded: each run has its own timing


def objective(trial: Trial) -> float:
    """A conditional space with reports; slow at random."""
    dawdle()
    x = trial.suggest_float("x", -5, 5)
    n = trial.suggest_int("n", 1, 64, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    dawdle()
    extra = trial.suggest_float("extra", 0, 1) if kind == "a" else 0.5
    value = (x - 1) ** 2 + abs(n - 9) / 9 + (kind != "b") + extra
    if trial.number % 11 == 7:
        raise ValueError("bad luck, but always the same")
    for step in range(3):
        trial.report(value * (3 - step), step)
        dawdle()
        if trial.should_prune():
            raise optimist.TrialPruned
    return value


def grid_objective(trial: Trial) -> float:
    dawdle()
    value = trial.suggest_int("i", 0, 4) + 10 * trial.suggest_categorical("k", [0, 1, 2])
    if trial.number in (3, 6, 11):
        raise ValueError("bad luck, but always the same")
    return value


def facts(study: Study) -> list[tuple[Any, ...]]:
    """What is not a matter of time."""
    return [
        (t.number, t.state.name, t.values, t.params, t.intermediate_values, sorted(t.system_attrs.items()))
        for t in study.trials
    ]


def new_tpe() -> BaseSampler:
    return TPESampler(seed=3)


def run(
    make_sampler: Callable[[], BaseSampler],
    n_jobs: int,
    deterministic: bool | int,
    func: Any = objective,
    *,
    n_trials: int | None = N_TRIALS,
    storage: Any = None,
    pruner: BasePruner | None = None,
) -> list[tuple[Any, ...]]:
    study = optimist.create_study(
        storage=storage,
        study_name="in order",
        sampler=make_sampler(),
        pruner=MedianPruner(n_startup_trials=3) if pruner is None else pruner,
    )
    study.optimize(func, n_trials, n_jobs=n_jobs, deterministic=deterministic, catch=ValueError)
    return facts(study)


SAMPLERS: dict[str, Callable[[], BaseSampler]] = {
    "TPE": new_tpe,
    "TPE, one by one": lambda: TPESampler(seed=3, multivariate=False),
    "random": lambda: RandomSampler(seed=3),
    "pinned": lambda: PartialFixedSampler({"kind": "a"}, TPESampler(seed=3)),
}


@pytest.mark.parametrize("make_sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_timing_changes_nothing(make_sampler: Callable[[], BaseSampler]) -> None:
    first = run(make_sampler, 4, True)
    assert len(first) == N_TRIALS
    assert {state for _, state, *_ in first} == {"COMPLETE", "PRUNED", "FAIL"}
    assert run(make_sampler, 4, True) == first
    assert run(make_sampler, 4, True) == first
    assert run(make_sampler, 1, 4) == first
    assert run(make_sampler, 6, 4) == first  # more threads than that wait for each other


PRUNERS: dict[str, Callable[[], BasePruner]] = {
    "successive halving": lambda: SuccessiveHalvingPruner(reduction_factor=2),
    "hyperband": lambda: HyperbandPruner(reduction_factor=2),
    "wilcoxon": lambda: WilcoxonPruner(p_threshold=0.3),
}


@pytest.mark.parametrize("make_pruner", PRUNERS.values(), ids=PRUNERS)
def test_timing_does_not_change_what_is_stopped(make_pruner: Callable[[], BasePruner]) -> None:
    first = run(new_tpe, 4, True, pruner=make_pruner())
    assert {state for _, state, *_ in first} == {"COMPLETE", "PRUNED", "FAIL"}
    assert run(new_tpe, 4, True, pruner=make_pruner()) == first
    assert run(new_tpe, 1, 4, pruner=make_pruner()) == first


def test_stored_study_is_the_same(tmp_path: Path) -> None:
    assert run(new_tpe, 3, True, storage=str(tmp_path / "study.db")) == run(new_tpe, 1, 3)


@pytest.mark.parametrize("make", [lambda: RandomSampler(seed=1), lambda: QMCSampler(scramble=True, seed=1)])
def test_history_free_search_depends_on_no_number_of_workers(make: Callable[[], BaseSampler]) -> None:
    def plain(trial: Trial) -> float:
        dawdle()
        return trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 0, 9)

    first = run(make, 1, True, plain)
    assert run(make, 4, True, plain) == first
    assert run(make, 16, True, plain) == first


def test_grid_depends_on_no_number_of_workers() -> None:
    def new_grid() -> BaseSampler:
        return GridSampler({"i": range(5), "k": [0, 1, 2]})  # type: ignore[dict-item]

    first = run(new_grid, 1, True, grid_objective, n_trials=None)
    assert len(first) == 18  # 15 cells, and three once more
    assert run(new_grid, 4, True, grid_objective, n_trials=None) == first
    assert run(new_grid, 16, True, grid_objective, n_trials=None) == first


def test_brute_force_goes_one_by_one() -> None:
    def tree(trial: Trial) -> float:
        dawdle()
        i = trial.suggest_int("i", 0, 2)
        return i + (trial.suggest_int("j", 0, 3) if i == 1 else trial.suggest_categorical("k", [5, 6]))

    first = run(lambda: BruteForceSampler(seed=1), 1, True, tree, n_trials=None)
    assert len(first) == 8
    assert run(lambda: BruteForceSampler(seed=1), 4, True, tree, n_trials=None) == first


def test_interrupted_study_goes_on_as_if_it_had_not_been(make_study: MakeStudy) -> None:
    study = make_study(sampler=new_tpe(), pruner=MedianPruner(n_startup_trials=3))
    for n_trials in (13, 1, 26):
        study.optimize(objective, n_trials, n_jobs=2, deterministic=4, catch=ValueError)
    assert facts(study) == run(new_tpe, 4, True)


def test_defaults_are_tried_by_a_rule() -> None:
    def recommending(trial: Trial) -> float:
        dawdle()
        x = trial.suggest_float("x", 0, 1, default=0.25)
        if trial.number == 0:
            raise ValueError
        return x

    first = run(new_tpe, 4, True, recommending)
    assert [number for number, _, _, params, *_ in first if params["x"] == 0.25] == [0, 4]
    assert run(new_tpe, 4, True, recommending) == first


@pytest.mark.parametrize("make_sampler", [new_tpe, lambda: RandomSampler(0)])
def test_defaults_come_after_the_queue(make_sampler: Callable[[], BaseSampler]) -> None:
    def recommending(trial: Trial) -> float:
        dawdle()
        return trial.suggest_float("x", 0, 1, default=0.25)

    found = []
    for n_jobs in (3, 3, 1):
        study = optimist.create_study(sampler=make_sampler())
        study.enqueue_trial({"x": 0.5})
        study.optimize(recommending, 20, n_jobs=n_jobs, deterministic=3)
        found.append(facts(study))
    assert [number for number, _, _, params, *_ in found[0] if params["x"] == 0.25] == [3]
    assert found[0] == found[1] == found[2]


def test_trial_knows_the_trials_up_to_its_number_minus_the_lag() -> None:
    known: dict[int, list[int]] = {}
    best: dict[int, float] = {}

    class Curious(BaseSampler):
        """Looks at the study in the ways that Optuna's contract has."""

        def infer_relative_search_space(self, study: Any, trial: FrozenTrial) -> dict[str, Any]:
            known[trial.number] = [t.number for t in study.get_trials(deepcopy=False)]
            assert study.view(trial.number).numbers.tolist() == known[trial.number]
            if known[trial.number]:
                best[trial.number] = study.best_value
                assert study.best_trials == [study.best_trial]
                assert study.best_params == study.best_trial.params
                assert [t.number for t in study.trials] == known[trial.number]
            return {}

        def sample_relative(self, study: Any, trial: FrozenTrial, search_space: Any) -> dict[str, Any]:
            return {}

        def sample_independent(self, study: Any, trial: FrozenTrial, name: str, distribution: Any) -> float:
            return float(trial.number)

    def slow(trial: Trial) -> float:
        dawdle()
        return -trial.suggest_float("x", 0, 100)

    study = optimist.create_study(sampler=Curious())
    study.optimize(slow, 20, n_jobs=3, deterministic=True)
    assert known == {k: list(range(max(k - 2, 0))) for k in range(20)}
    assert best == {k: -float(k - 3) for k in range(3, 20)}
    with pytest.raises(ValueError, match="known to this trial"):
        _ = StudyAsOf(study, type(study.ledger.history)([study.direction]), False).best_trial


def test_added_and_voided_trials_are_known_by_their_numbers() -> None:
    def prepared() -> Study:
        study = optimist.create_study(sampler=new_tpe())
        x = {"x": FloatDistribution(-5, 5)}
        study.add_trials(create_trial(value=v * v, params={"x": v}, distributions=x) for v in (4.0, 0.5, 3.0) * 5)
        study.void(1, "r")
        return study

    def void_on_the_way(study: Study, trial: FrozenTrial) -> None:
        if trial.number == 33:
            study.void(16, "r")

    def square(trial: Trial) -> float:
        dawdle()
        return trial.suggest_float("x", -5, 5) ** 2

    found = []
    for n_jobs in (1, 4, 4):
        study = prepared()
        study.optimize(square, 10, n_jobs=n_jobs, deterministic=4)
        study.void(20, "r")
        study.optimize(square, 5, n_jobs=n_jobs, deterministic=4)
        found.append(facts(study))
    assert found[0] == found[1] == found[2]
    study.optimize(square, 10, n_jobs=2, deterministic=4, callbacks=[void_on_the_way])
    assert study.trials[16].void_reason == "r"


def test_objective_that_fails_to_begin_leaves_no_trial_running(monkeypatch: pytest.MonkeyPatch) -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    asked = study.ask()

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("optimist.study.number_order.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(lambda trial: 1.0, 2, deterministic=1)
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING, TrialState.FAIL]
    study.tell(asked, 1.0)


def test_pickled_trial_sees_the_study_itself() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    seen: list[Any] = []
    study.optimize(lambda trial: seen.append(trial.study) or 1.0, 1, deterministic=True)
    assert isinstance(seen[0], StudyAsOf)
    assert isinstance(pickle.loads(pickle.dumps(seen[0])), Study)


@pytest.mark.parametrize("sampler", [TPESampler(), RandomSampler(), PartialFixedSampler({}, BruteForceSampler())])
def test_seed_is_asked_for(sampler: BaseSampler) -> None:
    study = optimist.create_study(sampler=sampler)
    with pytest.raises(ValueError, match="needs a sampler with a seed"):
        study.optimize(lambda trial: 1.0, 1, deterministic=2)
    study.optimize(lambda trial: 1.0, 1)
    with pytest.raises(ValueError, match="from 1 on"):
        study.optimize(lambda trial: 1.0, 1, deterministic=-1)
    assert len(study.trials) == 1


def test_ask_is_as_always() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))

    def nested(trial: Trial) -> float:
        inner = study.ask({"n": IntDistribution(0, 9)})
        study.tell(inner, inner.params["n"])
        return 1.0

    study.optimize(nested, 3, deterministic=True)
    assert len(study.trials) == 6


def test_nobody_waits_for_a_lost_worker(tmp_path: Path) -> None:
    store = SQLStorage(f"sqlite:///{tmp_path}/study.db")
    store.leases = LeaseSettings(interval_s=0.1, length_s=0.4)
    study = optimist.create_study(storage=store, sampler=RandomSampler(0))
    dead = store.begin_trial(study.ledger.record.study_id, 0, Terms(lease_s=0.4)).number
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=4, deterministic=2)
    states = [trial.state.name for trial in study.trials]
    assert states[dead] == "FAIL"
    assert states.count("COMPLETE") == 4
    assert any(trial.system_attrs.get(HISTORY_KEY) == [dead] for trial in study.trials)


def test_long_waits_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    asked = study.ask()
    monkeypatch.setattr("optimist.study.number_order._SAYS_SO_AFTER_S", 0.01)
    monkeypatch.setattr("optimist.study.number_order._logger.info", lambda *said: logged.append(said[0] % said[1:]))
    logged: list[str] = []
    timer = threading.Timer(0.3, study.tell, (asked, 1.0))
    timer.start()
    study.optimize(lambda trial: 1.0, 1, deterministic=1)
    timer.join()
    assert logged[0] == "Trial 1 waits for trial 0, which it shall know."


# Several processes

WORKER = """
import sys
import optimist
from optimist.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner, WilcoxonPruner
from tests.unit.study.test_number_order import new_tpe, objective

storage, total, lag = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
study = optimist.create_study(storage=storage, study_name="s", load_if_exists=True, sampler=new_tpe(),
                              pruner=MedianPruner(n_startup_trials=3))
study.optimize(objective, total_trials=total, deterministic=lag, catch=ValueError)
"""


@pytest.mark.slow
def test_processes_agree(tmp_path: Path) -> None:
    expected = json.dumps(run(new_tpe, 1, 4))
    for i in range(3):
        url = f"sqlite:///{tmp_path}/{i}.db"
        optimist.create_study(storage=url, study_name="s")
        command = [sys.executable, "-c", WORKER, url, str(N_TRIALS), "4"]
        workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        for worker in workers:
            _, said = worker.communicate(timeout=120)
            assert worker.returncode == 0, said
        study = optimist.load_study(study_name="s", storage=url)
        assert json.dumps(facts(study)) == expected
