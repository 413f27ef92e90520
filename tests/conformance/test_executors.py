"""Every kind of executor: trials run out there, and everything else is as with local workers."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.exceptions import MissingDependencyError, WorkerError
from optimist.execution.addresses import DRIVER_ADDRESS_VARIABLE
from optimist.execution.executors import pool_of
from optimist.execution.ray_executor import RayExecutor
from optimist.history.attributes import LEASE_LOST_KEY, RAN_ON_KEY
from optimist.pruners import ThresholdPruner
from optimist.samplers import GridSampler, RandomSampler
from optimist.states import TrialState
from optimist.storages.callbacks import HISTORY_KEY
from tests.unit.study.conftest import Stateful, is_first, states

pytestmark = pytest.mark.slow  # each starts processes

KINDS = ("threads", "processes", "dask", "ray")
CLUSTERS = ("dask", "ray")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.ERROR)
    yield
    optimist.logging.set_verbosity(before)


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@contextmanager
def two_dask_workers() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="tests of Dask need it: pip install 'optimist[dask]'")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    with two_dask_workers() as client:
        yield client


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason="tests of Ray need it: pip install 'optimist[ray]'")
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # else it leaves a token in the home folder
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setattr("builtins.print", print)  # Ray leaves one of its own
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            object_store_memory=100 * 2**20,
        )
        yield ray
        ray.shutdown()
    signal.signal(signal.SIGTERM, before)  # Ray leaves a handler of its own


@pytest.fixture
def executor(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def mortal(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A cluster whose workers a test may kill; with Dask one of its own, for now and then Dask does not replace a worker."""
    if request.param == "dask":
        with two_dask_workers() as client:
            yield client
    else:
        yield request.getfixturevalue(request.param)


on_all = pytest.mark.parametrize("executor", KINDS, indirect=True)
on_mortal_clusters = pytest.mark.parametrize("mortal", CLUSTERS, indirect=True)


@pytest.fixture
def study() -> optimist.Study:
    return optimist.create_study(sampler=RandomSampler(seed=0))


def suggest_all(trial: Any) -> float:
    x = trial.suggest_float("x", -1.0, 1.0)
    kind = trial.suggest_categorical("kind", ["a", "b", None], default="b")
    n = trial.suggest_int("n", 1, 9) if kind == "a" else 0
    return float(x * x + n)


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@on_all
def test_trials_run_out_there_and_say_all_they_have_to_say(
    executor: Any, study: optimist.Study, tmp_path: Path
) -> None:
    here = os.getpid()

    def objective(trial: optimist.Trial) -> float:
        value = suggest_all(trial)
        trial.report(value, 0)
        trial.report(value + 1, 1)
        trial.set_user_attr("process", os.getpid())
        trial.set_constraint("c", -1.0)
        (tmp_path / str(trial.number)).touch()
        wait_until(lambda: len(list(tmp_path.iterdir())) > 1)  # the first two run side by side
        return value

    study.enqueue_trial({"x": 0.25, "kind": "a"}, user_attrs={"why": "queued"})
    study.optimize(objective, n_trials=9, executor=executor)
    assert states(study) == ["COMPLETE"] * 9
    first = study.trials[0]
    assert (first.params["x"], first.params["kind"], first.user_attrs["why"]) == (0.25, "a", "queued")
    assert len({trial.params["x"] for trial in study.trials}) == 9
    assert [trial.params["kind"] for trial in study.trials[1:]].count("b") >= 1
    for trial in study.trials:
        assert trial.value is not None
        assert trial.intermediate_values == {0: trial.value, 1: trial.value + 1}
        assert trial.constraints == {"c": -1.0}
        is_here = trial.user_attrs["process"] == here
        assert is_here == (RAN_ON_KEY not in trial.system_attrs) == isinstance(executor, ThreadPoolExecutor)
        assert trial.datetime_complete is not None
    study.optimize(suggest_all, total_trials=11, executor=executor)
    study.optimize(suggest_all, n_trials=0, executor=executor)
    assert states(study) == ["COMPLETE"] * 11


@on_all
def test_a_study_in_a_file_and_pruning(executor: Any, tmp_path: Path) -> None:
    study = optimist.create_study(storage=str(tmp_path / "s.db"), pruner=ThresholdPruner(upper=1.5))

    def objective(trial: optimist.Trial) -> float:
        trial.report(float(trial.number), 0)
        if trial.should_prune():
            raise optimist.TrialPruned
        return float(trial.number)

    seen: list[int] = []
    study.optimize(objective, n_trials=4, executor=executor, callbacks=[lambda _, trial: seen.append(trial.number)])
    assert states(study) == ["COMPLETE", "COMPLETE", "PRUNED", "PRUNED"]
    assert study.trials[3].value == 3.0
    assert sorted(seen) == [0, 1, 2, 3]


@on_all
def test_what_ends_the_loop(executor: Any, study: optimist.Study) -> None:
    study.optimize(suggest_all, timeout=0, executor=executor)
    assert states(study) == []

    study.optimize(lambda trial: -float(trial.number), executor=executor, target=-2)
    assert study.best_value <= -2
    n = len(study.trials)
    study.optimize(lambda trial: 0.0, executor=executor, target=-2)
    assert len(study.trials) == n

    def stop(trial: optimist.Trial) -> float:
        assert trial.study is study  # out there it is another one, which stands in its place
        study.stop()
        return 1.0

    study.optimize(stop, executor=executor)
    assert n + 1 <= len(study.trials) <= n + 2
    n = len(study.trials)
    study.optimize(lambda trial: 1.0, executor=executor, callbacks=[lambda study, _: study.stop()])
    assert n + 1 <= len(study.trials) <= n + 2
    assert set(states(study)) == {"COMPLETE"}


@on_all
def test_errors(executor: Any, study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        if trial.number < 2:
            raise OSError("nowhere")
        return float("nan") if trial.number == 2 else 1.0

    study.optimize(objective, n_trials=4, executor=executor, catch=OSError)
    assert states(study) == ["FAIL", "FAIL", "FAIL", "COMPLETE"]

    def fail(trial: optimist.Trial) -> float:
        raise KeyError("nowhere")

    is_here = isinstance(executor, ThreadPoolExecutor)
    with pytest.raises(KeyError if is_here else WorkerError, match="nowhere") as raised:
        study.optimize(fail, executor=executor, catch=OSError)
    assert is_here or "in fail" in str(raised.value)
    assert 5 <= len(study.trials) <= 6
    assert set(states(study)[4:]) == {"FAIL"}

    def no_more(study: optimist.Study, trial: Any) -> None:
        raise ZeroDivisionError("no more")

    with pytest.raises(ZeroDivisionError):
        study.optimize(suggest_all, executor=executor, callbacks=[no_more])
    assert study.count_trials()[TrialState.RUNNING] == 0


@on_all
def test_a_grid_ends_by_itself(executor: Any) -> None:
    study = optimist.create_study(sampler=GridSampler({"x": [1, 2, 3], "y": [1, 2]}))
    study.optimize(lambda trial: trial.suggest_int("x", 1, 3) + trial.suggest_int("y", 1, 2), executor=executor)
    complete = study.get_trials(states=[TrialState.COMPLETE])
    assert len({tuple(trial.params.values()) for trial in complete}) == len(complete) == 6


# Nodes that are lost


def dies_in_the_middle(tmp_path: Path) -> Any:
    """An objective whose first trial takes its process with it, after a checkpoint."""

    def objective(trial: optimist.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        first = 0 if trial.resume_from is None else int((trial.resume_from / "step").read_text())
        for step in range(first, 3):
            trial.report(x, step)
            (trial.checkpoint_dir / "step").write_text(str(step + 1))
            if step == 1 and is_first(tmp_path / "died"):
                os.kill(os.getpid(), signal.SIGKILL)
        trial.set_user_attr("first", first)
        return x

    return objective


def assert_nothing_is_lost(study: optimist.Study, n: int) -> None:
    assert Counter(states(study)) == {"COMPLETE": n, "FAIL": 1}
    (lost,) = study.get_trials(states=[TrialState.FAIL])
    assert LEASE_LOST_KEY in lost.system_attrs
    (retry,) = [trial for trial in study.trials if trial.system_attrs.get(HISTORY_KEY) == [lost.number]]
    assert retry.params == lost.params
    assert retry.user_attrs["first"] == 2  # where the checkpoint was


@on_mortal_clusters
@pytest.mark.parametrize("is_stored", [False, True])
def test_a_node_that_dies_loses_nothing(mortal: Any, is_stored: bool, tmp_path: Path) -> None:
    study = optimist.create_study(storage=str(tmp_path / "s.db") if is_stored else None)
    study.optimize(dies_in_the_middle(tmp_path), n_trials=6, executor=mortal)
    assert_nothing_is_lost(study, 6)


def test_a_pool_that_breaks_gives_all_back(study: optimist.Study, tmp_path: Path) -> None:
    objective = dies_in_the_middle(tmp_path)
    context = get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=context) as pool,
        pytest.raises(WorkerError, match=r"cannot run trials.*BrokenProcessPool.*queued again"),
    ):
        study.optimize(objective, total_trials=4, executor=pool)
    assert states(study) == ["FAIL", "WAITING"]
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        study.optimize(objective, total_trials=4, executor=pool)
    assert_nothing_is_lost(study, 4)


@on_mortal_clusters
def test_a_node_that_dies_with_each_trial_ends_the_loop(
    mortal: Any, study: optimist.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optimist.study.executor_loop._MAX_LOSSES_IN_A_ROW", 2)
    with pytest.raises(WorkerError, match="2 trials were lost one after the other"):
        study.optimize(lambda trial: os.kill(os.getpid(), signal.SIGKILL) or 1.0, n_trials=3, executor=mortal)
    assert study.count_trials()[TrialState.RUNNING] == 0


@pytest.mark.parametrize("executor", ["threads", "processes"], indirect=True)
def test_a_trial_that_is_given_up_elsewhere_is_run_again(executor: Any, study: optimist.Study) -> None:
    def objective(trial: optimist.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if trial.number == 1:
            assert trial.study.give_up(1)
        return x

    study.optimize(objective, n_trials=4, executor=executor)
    assert Counter(states(study)) == {"COMPLETE": 4, "FAIL": 1}
    assert LEASE_LOST_KEY in study.trials[1].system_attrs


def test_a_dask_worker_is_killed_in_the_middle(study: optimist.Study, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="tests of Dask need it: pip install 'optimist[dask]'")
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address]
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path)]
        workers = [subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL) for _ in range(2)]
        try:
            client.wait_for_workers(2, timeout=60)

            def objective(trial: optimist.Trial) -> float:
                x = trial.suggest_float("x", 0, 1)
                trial.report(x, 0)
                trial.set_user_attr("first", 0 if trial.resume_from is None else 2)
                (trial.checkpoint_dir / "state").touch()
                (tmp_path / f"begun-{trial.number}").touch()
                wait_until((tmp_path / "go").exists)
                return x

            def kill() -> None:
                wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == 2)
                workers[0].kill()
                workers[0].wait()
                (tmp_path / "go").touch()

            killer = threading.Thread(target=kill)
            killer.start()
            study.optimize(objective, n_trials=6, executor=client)
            killer.join()
            assert_nothing_is_lost(study, 6)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


# Signals, seen from outside

_SCRIPT = """
import pathlib, sys, time
from concurrent.futures import ProcessPoolExecutor
import optimist

here = pathlib.Path(sys.argv[1])

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    (trial.checkpoint_dir / "state").touch()
    (here / f"begun-{trial.number}").touch()
    deadline = time.monotonic() + 60
    while not (here / "go").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return x

if __name__ == "__main__":
    study = optimist.load_study(study_name="s", storage=str(here / "s.db"))
    with ProcessPoolExecutor(2) as pool:
        study.optimize(objective, n_trials=20, executor=pool)
"""


@pytest.mark.parametrize(("sent", "done", "code"), [("I", {"COMPLETE": 2}, None), ("II", None, None), ("T", None, 143)])
def test_signals(sent: str, done: dict[str, int] | None, code: int | None, tmp_path: Path) -> None:
    study = optimist.create_study(study_name="s", storage=str(tmp_path / "s.db"))
    (tmp_path / "script.py").write_text(_SCRIPT)
    with (tmp_path / "said").open("w") as said:
        command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path)]
        process = subprocess.Popen(command, stderr=said, process_group=0)
    try:
        wait_until(lambda: process.poll() is not None or len(list(tmp_path.glob("begun-*"))) == 2)
        if sent == "T":
            process.terminate()  # the driver alone
        for _ in range(sent.count("I")):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
            wait_until(lambda: "running trials are finished first" in (tmp_path / "said").read_text())
        if done is None:
            wait_until(lambda: Counter(states(study)) == {"FAIL": 2, "WAITING": 2})  # at once
        (tmp_path / "go").touch()
        process.wait(timeout=60)
    finally:
        process.kill()
    text = (tmp_path / "said").read_text()
    assert Counter(states(study)) == (done or {"FAIL": 2, "WAITING": 2}), text
    assert process.returncode == code if code is not None else "KeyboardInterrupt" in text


# What is no executor, and what does not go with one


class Bare(Executor):
    """Does what an executor must, and tells nothing of itself."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_arguments_that_make_no_sense(study: optimist.Study, threads: Executor) -> None:
    for wrong in (2, "threads", ThreadPoolExecutor):
        with pytest.raises(TypeError, match="executor must be"):
            study.optimize(suggest_all, n_trials=1, executor=wrong)
    more: dict[str, dict[str, Any]] = {
        "n_jobs=2": {"n_jobs": 2},
        "workers must be": {"workers": 0},
        "trial_timeout": {"trial_timeout": 1},
        "deterministic": {"deterministic": True},
    }
    for words, arguments in more.items():
        with pytest.raises(ValueError, match=words):
            study.optimize(suggest_all, n_trials=1, executor=threads, **arguments)
    with pytest.raises(ValueError, match="Bare does not tell how many calls"):
        study.optimize(suggest_all, n_trials=1, executor=Bare())
    assert study.trials == []
    study.optimize(suggest_all, n_trials=3, executor=Bare(), workers=1)
    assert states(study) == ["COMPLETE"] * 3


def test_an_executor_that_was_shut_down(study: optimist.Study) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(WorkerError, match="cannot schedule new futures"):
        study.optimize(suggest_all, n_trials=1, executor=executor)
    assert states(study) == ["FAIL", "WAITING"]


def test_threads_of_one_dask_worker_share_what_they_know(study: optimist.Study, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="tests of Dask need it: pip install 'optimist[dask]'")

    def objective(trial: optimist.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.report(x, 0)
        (tmp_path / str(trial.number)).touch()
        wait_until(lambda: len(list(tmp_path.iterdir())) >= 4)
        trial.set_user_attr("study", id(trial.study))
        return x

    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=4, processes=False, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        study.optimize(objective, n_trials=8, executor=client)
    assert states(study) == ["COMPLETE"] * 8
    assert all(trial.intermediate_values == {0: trial.value} for trial in study.trials)
    assert len({trial.user_attrs["study"] for trial in study.trials}) == 1


def test_a_dask_cluster_that_has_no_worker_yet(study: optimist.Study) -> None:
    distributed = pytest.importorskip("distributed", reason="tests of Dask need it: pip install 'optimist[dask]'")
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):

        def join() -> None:
            wait_until(lambda: states(study) == ["RUNNING"])  # one trial waits, for a cluster that grows with its load
            cluster.scale(1)

        grower = threading.Thread(target=join)
        grower.start()
        study.optimize(suggest_all, n_trials=4, executor=client)
        grower.join()
    assert states(study) == ["COMPLETE"] * 4


def test_an_asynchronous_dask_client(study: optimist.Study) -> None:
    distributed = pytest.importorskip("distributed", reason="tests of Dask need it: pip install 'optimist[dask]'")

    async def connect() -> None:
        async with (
            distributed.LocalCluster(
                n_workers=0, processes=False, dashboard_address=":0", asynchronous=True
            ) as cluster,
            distributed.Client(cluster, asynchronous=True) as client,
        ):
            with pytest.raises(TypeError, match="asynchronous"):
                study.optimize(suggest_all, n_trials=1, executor=client)

    asyncio.run(connect())


@pytest.mark.parametrize("executor", ["processes"], indirect=True)
def test_what_cannot_travel(executor: Any, study: optimist.Study) -> None:
    lock = threading.Lock()
    with pytest.raises(TypeError, match="cannot be sent to worker processes"):
        study.optimize(lambda trial: float(lock.locked()), n_trials=1, executor=executor)
    assert study.trials == []


@pytest.mark.parametrize("executor", ["processes"], indirect=True)
def test_an_objective_that_cannot_be_opened_there(
    executor: Any, study: optimist.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def objective(trial):\n    return 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    objective = importlib.import_module("only_here").objective
    with pytest.raises(WorkerError, match=r"could not be opened on .*No module named 'only_here'"):
        study.optimize(objective, n_trials=3, executor=executor)
    assert study.count_trials()[TrialState.RUNNING] == 0


# How many at a time, and where the driver is


def test_slots(threads: Executor, processes: Executor, dask: Any, ray: Any) -> None:
    assert [pool_of(executor).count_slots() for executor in (threads, processes, dask, ray)] == [2, 2, 2, 2]
    assert pool_of(dask.get_executor(resources={"GPU": 1})).count_slots() == 2
    assert [RayExecutor(**few).max_workers for few in ({"num_cpus": 0.5}, {"num_cpus": 2}, {"num_gpus": 1})] == [
        4,
        1,
        1,
    ]
    assert [pool_of(executor).host for executor in (threads, processes, dask)] == ["127.0.0.1"] * 3
    assert [pool_of(executor).shares_memory for executor in (threads, processes, dask, ray)] == [True, *[False] * 3]


def test_a_task_of_ray_that_is_cancelled_is_ended(ray: Any, tmp_path: Path) -> None:
    executor = RayExecutor(num_cpus=2)

    def last() -> None:
        (tmp_path / "begun").touch()
        time.sleep(100)

    task = executor.submit(last)
    wait_until((tmp_path / "begun").exists)
    assert task.cancel()
    assert executor.submit(lambda x: x + 1, 1).result(timeout=60) == 2  # it waits for the same processors
    executor.shutdown()
    with pytest.raises(RuntimeError, match="shut down"):
        executor.submit(last)


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'optimist\[ray\]'"):
        RayExecutor()


def test_workers_says_how_many_run_at_a_time(threads: Executor, study: optimist.Study) -> None:
    n_running: list[int] = []
    running: set[int] = set()

    def objective(trial: optimist.Trial) -> float:
        running.add(trial.number)
        n_running.append(len(running))
        time.sleep(0.01)
        running.discard(trial.number)
        return 1.0

    study.optimize(objective, n_trials=6, executor=threads, workers=1)
    assert n_running == [1] * 6
    study.optimize(objective, n_trials=6, executor=threads, workers=-1)
    assert 1 <= max(n_running) <= 2


@pytest.mark.parametrize("executor", ["processes"], indirect=True)
def test_a_driver_that_says_where_it_is(
    executor: Any, study: optimist.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DRIVER_ADDRESS_VARIABLE, socket.gethostname())
    seen: list[str] = []
    in_file = optimist.create_study(storage=str(tmp_path / "s.db"))
    for one in (study, in_file):
        one.optimize(lambda trial: float("Remote" in repr(trial.study.ledger.storage)), n_trials=2, executor=executor)
        assert [trial.value for trial in one.trials] == [1.0, 1.0]  # other machines do not see our files
    assert seen == []


@pytest.mark.parametrize("executor", ["processes"], indirect=True)
def test_samplers_of_others_do_not_draw_the_same_everywhere(executor: Any, tmp_path: Path) -> None:
    study = optimist.create_study(sampler=Stateful())
    marks = tmp_path / "marks"
    marks.mkdir()

    def objective(trial: optimist.Trial) -> float:
        (marks / str(os.getpid())).touch()
        wait_until(lambda: len(list(marks.iterdir())) == 2)  # both processes take part
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=4, executor=executor)
    assert len({trial.value for trial in study.trials}) == 4
    assert isinstance(study.sampler, Stateful)
    assert study.sampler.ended == [0, 1, 2, 3]  # the driver's own is asked and told
