"""The loop: budgets, callbacks, threads, and everything that ends it."""

from __future__ import annotations

import gc
import signal
import threading
import time
from typing import Any

import pytest

import optimist
from optimist.exceptions import StorageInternalError
from optimist.states import StudyDirection
from optimist.study.plan import check_exception_classes, is_at_least
from tests.unit.study.conftest import MakeStudy, states, suggest_all


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_n_trials(study: optimist.Study, n_jobs: int) -> None:
    study.optimize(suggest_all, n_trials=5, n_jobs=n_jobs)
    study.optimize(suggest_all, n_trials=2, n_jobs=n_jobs)
    study.optimize(suggest_all, n_trials=0, n_jobs=n_jobs)
    assert states(study) == ["COMPLETE"] * 7
    assert [trial.number for trial in study.trials] == list(range(7))


@pytest.mark.parametrize("n_jobs", [0, -2])
def test_n_jobs_that_make_no_sense(study: optimist.Study, n_jobs: int) -> None:
    with pytest.raises(ValueError, match="n_jobs"):
        study.optimize(suggest_all, n_trials=1, n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_timeout(study: optimist.Study, n_jobs: int) -> None:
    start = time.monotonic()
    study.optimize(lambda trial: time.sleep(0.01) or 1.0, timeout=0.1, n_jobs=n_jobs)
    assert 0.1 <= time.monotonic() - start < 5
    assert 1 <= len(study.trials) <= 10 * n_jobs + n_jobs
    n_trials = len(study.trials)
    study.optimize(suggest_all, n_trials=5, timeout=0)
    assert len(study.trials) == n_trials


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_stop_in_the_objective(study: optimist.Study, n_jobs: int) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.number == 3:
            study.stop()
        return 1.0

    study.optimize(objective, n_jobs=n_jobs)
    assert 4 <= len(study.trials) <= 3 + n_jobs
    assert set(states(study)) == {"COMPLETE"}  # what was running was finished


def test_stop_in_a_callback(study: optimist.Study) -> None:
    study.optimize(suggest_all, callbacks=[lambda study, trial: study.stop() if trial.number == 2 else None])
    assert len(study.trials) == 3


def test_stop_elsewhere(study: optimist.Study) -> None:
    with pytest.raises(RuntimeError, match="callbacks"):
        study.stop()
    study.optimize(suggest_all, n_trials=1)
    with pytest.raises(RuntimeError, match="callbacks"):
        study.stop()


def test_a_stopped_study_goes_on_with_the_next_call(study: optimist.Study) -> None:
    study.optimize(lambda trial: study.stop() or 1.0)
    study.optimize(suggest_all, n_trials=2)
    assert len(study.trials) == 3


# target


@pytest.mark.parametrize(("direction", "target"), [("minimize", -2.0), ("maximize", 2.0)])
def test_target(make_study: MakeStudy, direction: str, target: float) -> None:
    study = make_study(direction=direction)
    sign = -1 if direction == "minimize" else 1
    study.optimize(lambda trial: sign * trial.number, n_trials=10, target=target)
    assert study.best_value == target
    assert len(study.trials) == 3
    study.optimize(suggest_all, n_trials=10, target=target)
    assert len(study.trials) == 3  # it was met already


def test_target_counts_complete_trials_alone(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        trial.report(0.0, 0)
        if trial.number < 3:
            raise optimist.TrialPruned
        return 0.0

    study.optimize(objective, n_trials=10, target=0.0)
    assert states(study) == ["PRUNED"] * 3 + ["COMPLETE"]


def test_no_target_for_several_objectives(make_study: MakeStudy) -> None:
    with pytest.raises(RuntimeError, match="target"):
        make_study(directions=["minimize"] * 2).optimize(suggest_all, n_trials=1, target=1.0)


def test_is_at_least() -> None:
    assert is_at_least(1.0, 1.0, StudyDirection.MINIMIZE)
    assert is_at_least(1.0, 1.0, StudyDirection.MAXIMIZE)
    assert not is_at_least(1.0, 0.5, StudyDirection.MINIMIZE)
    assert not is_at_least(1.0, 1.5, StudyDirection.MAXIMIZE)
    assert not is_at_least(1.0, None, StudyDirection.MAXIMIZE)


# Callbacks


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_callbacks_see_each_finished_trial(study: optimist.Study, n_jobs: int) -> None:
    seen: list[tuple[int, str, Any]] = []
    study.optimize(
        suggest_all,
        n_trials=6,
        n_jobs=n_jobs,
        callbacks=[lambda study, trial: seen.append((trial.number, trial.state.name, trial.value))],
    )
    assert sorted(seen) == [(trial.number, "COMPLETE", trial.value) for trial in study.trials]


def test_callbacks_see_trials_that_failed_or_were_pruned(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.number == 0:
            raise ValueError
        raise optimist.TrialPruned

    seen: list[str] = []
    study.optimize(objective, n_trials=2, catch=ValueError, callbacks=(lambda _, trial: seen.append(trial.state.name),))
    assert seen == ["FAIL", "PRUNED"]


def test_callbacks_may_use_the_study(study: optimist.Study) -> None:
    def callback(study: optimist.Study, trial: Any) -> None:
        if trial.number == 0:
            study.enqueue_trial({"x": 0.125})
        study.set_user_attr("last", trial.number)

    study.optimize(suggest_all, n_trials=2, callbacks=[callback])
    assert study.trials[1].params["x"] == 0.125
    assert study.user_attrs == {"last": 1}


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_callback_that_fails_ends_the_loop(study: optimist.Study, n_jobs: int) -> None:
    def callback(study: Any, trial: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        study.optimize(suggest_all, n_trials=50, n_jobs=n_jobs, callbacks=[callback], catch=(ZeroDivisionError,))
    assert set(states(study)) == {"COMPLETE"}
    assert len(study.trials) <= n_jobs


# Threads


def test_threads_share_the_work(study: optimist.Study) -> None:
    barrier = threading.Barrier(3, timeout=10)
    names: set[str] = set()

    def objective(trial: optimist.Trial) -> float:
        if trial.number < 3:
            barrier.wait()  # passes only if three run at once
        names.add(threading.current_thread().name)
        return suggest_all(trial)

    study.optimize(objective, n_trials=12, n_jobs=3)
    assert len(names) == 3
    assert [trial.number for trial in study.trials] == list(range(12))
    assert len({repr(trial.params) for trial in study.trials}) == 12


def test_the_queue_is_shared_by_threads(study: optimist.Study) -> None:
    for i in range(10):
        study.enqueue_trial({"x": i / 10})
    study.optimize(suggest_all, n_trials=10, n_jobs=4)
    assert sorted(trial.params["x"] for trial in study.trials) == [i / 10 for i in range(10)]


# Inside out


def test_optimize_inside_optimize(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        study.optimize(suggest_all, n_trials=1)
        return 1.0

    with pytest.raises(RuntimeError, match="inside"):
        study.optimize(objective, n_trials=1)
    assert states(study) == ["FAIL"]
    with pytest.raises(RuntimeError, match="inside"):
        study.optimize(
            suggest_all, n_trials=1, callbacks=[lambda study, trial: study.optimize(suggest_all, n_trials=1)]
        )


def test_another_study_inside_optimize(make_study: MakeStudy) -> None:
    outer, inner = make_study(), make_study()

    def objective(trial: optimist.Trial) -> float:
        inner.optimize(suggest_all, n_trials=2)
        return inner.best_value

    outer.optimize(objective, n_trials=2)
    assert (len(outer.trials), len(inner.trials)) == (2, 4)


def test_ask_and_tell_inside_optimize(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        other = study.ask()
        study.tell(other, suggest_all(other))
        return suggest_all(trial)

    study.optimize(objective, n_trials=3)
    assert states(study) == ["COMPLETE"] * 6


# Ctrl-C, and commits that fail


def press_ctrl_c_in(study: optimist.Study, method: str, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Have Ctrl-C pressed while the ledger works, once."""
    original = getattr(study.ledger, method)

    def pressed(*args: Any) -> Any:
        monkeypatch.setattr(study.ledger, method, original)
        if not after:
            signal.raise_signal(signal.SIGINT)
        result = original(*args)
        if after:
            signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(study.ledger, method, pressed)


@pytest.mark.parametrize("after", [False, True])
def test_ctrl_c_while_a_trial_begins(study: optimist.Study, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    press_ctrl_c_in(study, "begin", monkeypatch, after=after)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(suggest_all, n_trials=3)
    assert states(study) == ["FAIL"]  # it has begun, and its objective was not called


@pytest.mark.parametrize("after", [False, True])
def test_ctrl_c_while_a_trial_ends(study: optimist.Study, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    press_ctrl_c_in(study, "finish", monkeypatch, after=after)
    with pytest.raises(KeyboardInterrupt):
        study.optimize(suggest_all, n_trials=3)
    assert states(study) == (
        ["COMPLETE", "FAIL"] if study.is_shared else ["COMPLETE"]
    )  # in a store, the next has begun
    study.optimize(suggest_all, n_trials=1)


def test_ctrl_c_in_a_callback(study: optimist.Study) -> None:
    with pytest.raises(KeyboardInterrupt):
        study.optimize(suggest_all, n_trials=3, callbacks=[lambda study, trial: signal.raise_signal(signal.SIGINT)])
    assert states(study) == ["COMPLETE"]


@pytest.mark.parametrize("error", [StorageInternalError("The disk is full."), KeyboardInterrupt()], ids=repr)
def test_what_happened_is_not_lost_to_one_failed_commit(
    study: optimist.Study, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = study.ledger.finish

    def fail(*args: Any) -> None:
        monkeypatch.setattr(study.ledger, "finish", original)
        raise error

    monkeypatch.setattr(study.ledger, "finish", fail)
    with pytest.raises(type(error)):
        study.optimize(lambda trial: 7.0, n_trials=3)
    assert [trial.value for trial in study.trials] == [7.0]


# What it refuses


def test_arguments_are_checked_before_a_trial_starts(study: optimist.Study) -> None:
    with pytest.raises(TypeError, match="callable"):
        study.optimize(3, n_trials=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="catch"):
        study.optimize(suggest_all, n_trials=1, catch=(3,))  # type: ignore[arg-type]
    assert study.trials == []


def test_check_exception_classes() -> None:
    check_exception_classes((ValueError, KeyboardInterrupt))
    for wrong in (3, "ValueError", ValueError(), int):
        with pytest.raises(TypeError, match="exception classes"):
            check_exception_classes((wrong,))


def test_catch_takes_one_class_or_several(study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        raise KeyError if trial.number % 2 else FileNotFoundError

    for catch in ((KeyError, OSError), [LookupError, OSError], Exception):
        study.optimize(objective, n_trials=2, catch=catch)  # type: ignore[arg-type]
    assert states(study) == ["FAIL"] * 6


# Garbage


class Large:
    """Refers to itself, so that only the collector frees it."""

    alive = 0

    def __init__(self) -> None:
        self.me = self
        Large.alive += 1

    def __del__(self) -> None:
        Large.alive -= 1


def test_garbage_is_collected_after_each_trial(study: optimist.Study) -> None:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        alive: list[int] = []

        def objective(trial: optimist.Trial) -> float:
            alive.append(Large.alive)
            Large()
            return 1.0

        study.optimize(objective, n_trials=3, gc_after_trial=True)
        assert alive == [0, 0, 0]
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()


def test_the_loop_keeps_no_trial(study: optimist.Study) -> None:
    """Nothing that an objective made is held by the study once the trial is over."""
    import weakref

    kept: list[weakref.ref[Any]] = []

    def objective(trial: optimist.Trial) -> float:
        kept.append(weakref.ref(trial))
        return 1.0

    study.optimize(objective, n_trials=3)
    gc.collect()
    assert [ref() for ref in kept] == [None] * 3


# What is logged


def test_what_the_loop_says(study: optimist.Study, capsys: pytest.CaptureFixture[str]) -> None:
    optimist.logging.set_verbosity(optimist.logging.INFO)

    def objective(trial: optimist.Trial) -> float:
        trial.suggest_float("x", 0, 1)
        if trial.number == 1:
            raise optimist.TrialPruned
        if trial.number == 2:
            raise ValueError("broken")
        return float("nan") if trial.number == 3 else 2.0

    study.optimize(objective, n_trials=4, catch=ValueError)
    err = capsys.readouterr().err
    assert "Trial 0 finished with value 2.0 and parameters {'x': " in err
    assert "Best is trial 0 with value 2.0." in err
    assert "Trial 1 pruned." in err
    assert "Trial 2 failed with parameters" in err
    assert "ValueError: broken" in err
    assert "Traceback" in err
    assert "Trial 3 failed with parameters" in err
    assert "nan" in err


def test_what_the_loop_says_of_several_objectives(make_study: MakeStudy, capsys: pytest.CaptureFixture[str]) -> None:
    optimist.logging.set_verbosity(optimist.logging.INFO)
    make_study(directions=["minimize", "maximize"]).optimize(lambda trial: (1.0, 2.0), n_trials=1)
    assert "Trial 0 finished with values [1.0, 2.0]" in capsys.readouterr().err
