"""BruteForceSampler: every combination once, in spaces that it does not know beforehand."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.samplers import BruteForceSampler, PartialFixedSampler, RandomSampler
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import Trial

Objective = Callable[[Trial], float]


def flat(trial: Trial) -> float:
    return trial.suggest_int("x", 1, 4) + trial.suggest_float("y", 0, 1, step=0.25)


def conditional(trial: Trial) -> float:
    """5 branches with a float, 6 with two integers of which one bounds the other."""
    if trial.suggest_categorical("kind", ["float", "int"]) == "float":
        return trial.suggest_float("x", 1, 3, step=0.5)
    a = trial.suggest_int("a", 1, 3)
    return a + trial.suggest_int("b", a, 3)


def lopsided(trial: Trial) -> float:
    """One short branch beside one with 40 combinations."""
    if trial.suggest_categorical("kind", ["short", "long"]) == "short":
        return 0.0
    return trial.suggest_int("x", 1, 20) + trial.suggest_int("y", 0, 1)


def nothing(_trial: Trial) -> float:
    return 0.0


SPACES: list[tuple[Objective, int]] = [(flat, 20), (conditional, 11), (lopsided, 41), (nothing, 1)]


def tried(study: Study, *states: TrialState) -> Counter[str]:
    trials = study.get_trials(deepcopy=False, states=states or (TrialState.COMPLETE,))
    return Counter(str(trial.params) for trial in trials)


def new_study(seed: int | None = 0, **options: Any) -> Study:
    return optimist.create_study(sampler=BruteForceSampler(seed), **options)


@pytest.mark.parametrize(("objective", "n"), SPACES)
def test_tries_every_combination_once_and_stops(objective: Objective, n: int) -> None:
    study = new_study()
    assert not study.exhausted
    study.optimize(objective)
    assert len(study.trials) == len(tried(study)) == n
    assert study.exhausted
    study.optimize(objective)
    assert len(study.trials) == n


@pytest.mark.parametrize("n_jobs", [2, 4])
@pytest.mark.parametrize(("objective", "n"), SPACES[:3])
def test_threads_repeat_nothing(objective: Objective, n: int, n_jobs: int) -> None:
    def slow(trial: Trial) -> float:
        time.sleep(0.0003 * (trial.number % 3))
        value = objective(trial)
        time.sleep(0.0003 * (trial.number % 2))
        return value

    study = new_study()
    study.optimize(slow, n_jobs=n_jobs)
    assert len(study.trials) == len(tried(study)) == n


def test_threads_wait_for_what_a_running_trial_may_open() -> None:
    """Two values at first; only a trial that has taken one shows how much is below."""
    numbers: Counter[str] = Counter()

    def late(trial: Trial) -> float:
        x = trial.suggest_int("x", 0, 1)
        time.sleep(0.01)
        y = trial.suggest_int("y", 0, 9)
        numbers[threading.current_thread().name] += 1
        return x + y

    study = new_study()
    study.optimize(late, n_jobs=3)
    assert len(study.trials) == len(tried(study)) == 20
    assert len(numbers) == 3


def test_the_same_seed_gives_the_same_order() -> None:
    orders = []
    for seed in (1, 1, 2):
        study = new_study(seed)
        study.optimize(conditional)
        orders.append([trial.params for trial in study.trials])
    assert orders[0] == orders[1] != orders[2]


def test_resumes_where_it_was_interrupted() -> None:
    storage = optimist.storages.InMemoryStorage()
    for seed in range(4):
        study = new_study(seed, storage=storage, study_name="s", load_if_exists=True)
        study.optimize(lopsided, n_trials=11)
    assert len(study.trials) == len(tried(study)) == 41


@pytest.mark.parametrize("stored", [False, True])
def test_two_workers_with_one_seed_repeat_nothing(stored: bool, tmp_path: Path) -> None:
    storage: Any = f"sqlite:///{tmp_path / 's.db'}" if stored else optimist.storages.InMemoryStorage()
    optimist.create_study(study_name="s", storage=storage)
    studies = [optimist.load_study(study_name="s", storage=storage, sampler=BruteForceSampler(0)) for _ in range(2)]
    while not studies[0].exhausted:
        trials = [study.ask() for study in studies if not study.exhausted]
        values = [conditional(trial) for trial in trials]
        for trial, value in zip(trials, values, strict=True):
            studies[0].tell(trial, value)
    assert len(studies[0].trials) == len(tried(studies[0])) == 11


def test_two_workers_that_choose_the_same_at_once_do_not_keep_it(tmp_path: Path) -> None:
    """The rival's choice becomes visible only after ours was committed."""
    url = f"sqlite:///{tmp_path / 's.db'}"
    optimist.create_study(study_name="s", storage=url)
    ours, theirs = (optimist.load_study(study_name="s", storage=url, sampler=BruteForceSampler(0)) for _ in range(2))
    rival = theirs.ask()
    trial = ours.ask()
    publish, claimed = ours.publish, []

    def publish_late(number: int) -> None:
        claim = trial.draft.system_attrs["brute_force:claim"]["x"]
        claimed.append(claim)
        if len(claimed) == 1:
            theirs.set_trial_system_attr(rival.number, "brute_force:claim", {"x": claim})
            theirs.publish(rival.number)
        publish(number)

    ours.publish = publish_late  # type: ignore[method-assign]
    assert trial.suggest_int("x", 0, 9) == claimed[-1] != claimed[0]


def test_a_failed_combination_is_tried_once_more_after_the_others() -> None:
    def flaky(trial: Trial) -> float:
        value = conditional(trial)
        if trial.number < 5:
            raise ValueError
        return value

    study = new_study()
    study.optimize(flaky, catch=ValueError)
    assert len(tried(study)) == 11
    assert len(study.trials) == 16
    assert {str(trial.params) for trial in study.trials[:5]} == {str(trial.params) for trial in study.trials[11:]}


def test_what_always_fails_is_given_up() -> None:
    def broken(trial: Trial) -> float:
        if trial.suggest_int("x", 1, 4) == 3:
            raise ValueError  # before it asks for the rest
        return trial.suggest_int("y", 1, 2)

    study = new_study()
    study.optimize(broken, catch=ValueError)
    assert tried(study, TrialState.FAIL) == {"{'x': 3}": 2}
    assert len(tried(study)) == 6
    assert study.exhausted


def test_pruned_and_queued_combinations_count() -> None:
    def pruning(trial: Trial) -> float:
        value = flat(trial)
        if value > 3:
            raise optimist.TrialPruned
        return value

    study = new_study()
    study.enqueue_trial({"x": 2, "y": 0.5})
    study.enqueue_trial({"x": 2})
    study.optimize(pruning)
    assert len(study.trials) == 20
    assert len(tried(study, TrialState.COMPLETE, TrialState.PRUNED)) == 20


def test_a_trial_that_was_pruned_early_does_not_hide_what_is_below() -> None:
    def pruned_at_first(trial: Trial) -> float:
        x = trial.suggest_int("x", 1, 3)
        if trial.number == 0:
            raise optimist.TrialPruned
        return x + trial.suggest_int("y", 1, 3)

    study = new_study()
    study.optimize(pruned_at_first)
    # The branch of the first trial counts as one combination, because nobody has seen more there.
    assert len(tried(study)) in (6, 9)
    assert study.exhausted


def test_waiting_trials_count_as_tried() -> None:
    study = new_study()
    study.optimize(flat, n_trials=1)
    for x in range(1, 5):
        for y in (0.0, 0.25, 0.5, 0.75, 1.0):
            if {"x": x, "y": y} != study.trials[0].params:
                study.enqueue_trial({"x": x, "y": y})
    assert study.exhausted


def test_defaults_count_as_their_combination() -> None:
    def recommending(trial: Trial) -> float:
        return trial.suggest_int("x", 1, 4, default=3) + trial.suggest_int("y", 1, 2, default=1)

    study = new_study()
    study.optimize(recommending)
    assert study.trials[0].params == {"x": 3, "y": 1}
    assert len(study.trials) == len(tried(study)) == 8


def test_trials_of_other_samplers_count_where_they_fit() -> None:
    study = optimist.create_study(sampler=RandomSampler(0))
    study.optimize(flat, n_trials=15)
    n_tried = len(tried(study))
    study.add_trial(
        optimist.trial.create_trial(
            value=0.0, params={"z": 0.5}, distributions={"z": optimist.distributions.FloatDistribution(0, 1)}
        )
    )
    study.sampler = BruteForceSampler(0)
    study.optimize(flat)
    assert len(tried(study)) == 20 + 1
    assert len(study.trials) == 15 + 1 + 20 - n_tried


def test_a_range_that_grows_is_searched_further() -> None:
    study = new_study()
    study.optimize(lambda trial: trial.suggest_int("x", 1, 5), n_trials=4)
    study.optimize(lambda trial: trial.suggest_int("x", 1, 8))
    assert len(study.trials) == len(tried(study)) == 8


def test_a_range_that_shrinks_keeps_what_is_in_it() -> None:
    study = new_study()
    study.optimize(lambda trial: trial.suggest_int("x", 1, 8), n_trials=4)
    n_inside = sum(trial.params["x"] <= 5 for trial in study.trials)
    study.optimize(lambda trial: trial.suggest_int("x", 1, 5))
    assert len(study.trials) == 4 + 5 - n_inside


def test_an_infinite_range_is_an_error_that_says_what_to_do() -> None:
    study = new_study()
    with pytest.raises(ValueError, match=r"'x' has no end of values.*Give it a step"):
        study.ask().suggest_float("x", 0, 1)


def test_huge_ranges_cost_nothing() -> None:
    study = new_study()
    study.optimize(lambda trial: float(trial.suggest_int("x", 0, 2**62)), n_trials=50)
    assert len(tried(study)) == 50


def test_values_of_a_parameter_are_equally_likely() -> None:
    """Not one value is drawn before its share in the first tenth; 100 values, 1,000 combinations."""
    study = new_study()
    study.optimize(lambda trial: trial.suggest_int("x", 0, 9) + trial.suggest_int("y", 0, 99), n_trials=300)
    counts = Counter(trial.params["x"] for trial in study.trials)
    assert min(counts.values()) > 10


def test_a_trial_beyond_the_end_repeats() -> None:
    study = new_study()
    study.optimize(conditional)
    trial = study.ask()
    study.tell(trial, conditional(trial))
    assert len(tried(study)) == 11


def test_avoid_premature_stop_goes_on_while_trials_run() -> None:
    strict = optimist.create_study(sampler=BruteForceSampler(0, avoid_premature_stop=True))
    loose = new_study()
    for study in (strict, loose):
        study.optimize(lambda trial: trial.suggest_int("x", 1, 2), n_trials=1)
        study.ask().suggest_int("x", 1, 2)
    assert strict.sampler.has_more(strict.view())
    assert not loose.sampler.has_more(loose.view())


@pytest.mark.parametrize(("fixed", "n"), [({"a": 2}, 5 + 2), ({"kind": "int"}, 6), ({"kind": "int", "a": 1}, 3)])
def test_fixed_parameters_cut_branches_off(fixed: dict[str, Any], n: int) -> None:
    study = optimist.create_study(sampler=PartialFixedSampler(fixed, BruteForceSampler(0)))
    study.optimize(conditional)
    assert len(study.trials) == len(tried(study)) == n


def test_a_pickled_study_goes_on() -> None:
    study = new_study()
    study.optimize(conditional, n_trials=4)
    study = pickle.loads(pickle.dumps(study))
    study.optimize(conditional)
    assert len(study.trials) == len(tried(study)) == 11


def test_the_cost_of_a_trial_does_not_grow() -> None:
    study = new_study()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    seconds = []
    for _ in range(4):
        started = time.process_time()
        study.optimize(lambda trial: trial.suggest_int("x", 0, 99) + trial.suggest_int("y", 0, 19), n_trials=500)
        seconds.append(time.process_time() - started)
    optimist.logging.set_verbosity(optimist.logging.INFO)
    assert len(tried(study)) == 2000
    assert seconds[3] < 3 * seconds[0] + 0.1


_WORKER = textwrap.dedent("""
    import sys, optimist
    optimist.logging.set_verbosity(optimist.logging.CRITICAL)
    sampler = optimist.samplers.BruteForceSampler(seed=0)
    study = optimist.create_study(study_name="s", storage=sys.argv[1], load_if_exists=True, sampler=sampler)
    def objective(trial):
        if trial.suggest_categorical("kind", ["float", "int"]) == "float":
            return trial.suggest_float("x", 1, 3, step=0.5)
        a = trial.suggest_int("a", 1, 3)
        return a + trial.suggest_int("b", a, 3)
    study.optimize(objective)
""")


@pytest.mark.slow
def test_processes_repeat_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'brute.db'}"
    optimist.create_study(study_name="s", storage=url)
    workers = [subprocess.Popen([sys.executable, "-c", _WORKER, url]) for _ in range(3)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    study = optimist.load_study(study_name="s", storage=url)
    assert len(tried(study)) == sum(tried(study).values()) == 11
