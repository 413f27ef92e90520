"""What storages promise to many workers: threads, processes, forks."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from optimist.exceptions import StudyNotFoundError
from optimist.history.draft import TrialChange
from optimist.states import TrialState
from optimist.storages.base import Storage
from optimist.testing.storages.reader import Reader, read
from optimist.testing.storages.studies import COMPLETE, MINIMIZE, RUNNING, WAITING, StorageCase
from optimist.testing.storages.worker import study_of
from optimist.testing.suite import needs

_TIMEOUT_S = 120.0


class SharingSuite(StorageCase):
    """Many workers on one study. Where a store is shared, its handles and its URL work in other processes."""

    def store_url(self, directory: Path) -> str:
        """What ``open_storage`` takes to open the store of a test; for stores that are shared."""
        raise NotImplementedError

    # Threads

    def test_threads_begin_different_trials(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING) for _ in range(30)])
        numbers = in_threads([lambda: [storage.begin_trial(study_id, 0).number for _ in range(15)]] * 6)
        assert sorted(chain.from_iterable(numbers)) == list(range(90))
        assert all(own == sorted(own) for own in numbers)

    def test_of_threads_that_claim_a_trial_one_succeeds(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.add_trials(study_id, [TrialChange(state=WAITING) for _ in range(20)])
        claimed = in_threads([lambda: [number for number in range(20) if storage.claim(study_id, number)]] * 4)
        assert sorted(chain.from_iterable(claimed)) == list(range(20))

    def test_threads_see_each_other_in_order(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        done = threading.Event()

        def write(worker: str) -> None:
            reader = Reader(storage, study_id)
            for i in range(25):
                number = reader.begin()
                notes = {"worker": worker, "i": i}
                for step in range(3):
                    storage.write(study_id, TrialChange(number, reports={step: step / 4}, user_attrs=notes))
                storage.write(study_id, TrialChange(number, state=COMPLETE, values=(number / 8,)))

        def follow() -> None:
            reader = Reader(storage, study_id)
            while not done.is_set():
                assert_in_order(reader.catch_up())
            assert str(reader.catch_up()) == str(read(storage, study_id))

        errors: list[BaseException] = []
        followers = [threading.Thread(target=_noting(follow, errors)) for _ in range(2)]
        for thread in followers:
            thread.start()
        in_threads([partial(write, worker) for worker in "abc"])
        done.set()
        for thread in followers:
            thread.join()
        assert errors == []
        assert len(read(storage, study_id).trials) == 75

    def test_deletion_ends_the_work_of_others(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        kept = storage.create_study("kept", [MINIMIZE]).study_id
        started = threading.Barrier(4)

        def work() -> bool:
            reader = Reader(storage, study_id)
            reader.begin()
            started.wait()
            try:
                while True:
                    number = reader.begin()
                    storage.write(study_id, TrialChange(number, reports={0: 1.0}))
                    storage.write(study_id, TrialChange(number, state=COMPLETE, values=(1.0,)))
                    reader.catch_up()
            except StudyNotFoundError:
                return True

        def delete() -> bool:
            started.wait()
            storage.delete_study(study_id)
            return True

        assert all(in_threads([work, work, work, delete]))
        assert [record.study_id for record in storage.list_studies()] == [kept]
        assert storage.begin_trial(kept, 0).number == 0

    # Handles and processes

    @needs("is_shared")
    def test_handles_see_each_other(self, tmp_path: Path) -> None:
        one, study_id = self.new_study(tmp_path)
        two = self.make_storage(tmp_path)
        assert two.load_study("study") == one.load_study("study")
        readers = [Reader(one, study_id), Reader(two, study_id)]
        for i in range(6):
            reader, storage = readers[i % 2], (one, two)[i % 2]
            number = reader.begin()
            storage.write(study_id, TrialChange(number, state=COMPLETE, values=(float(i),), user_attrs={"i": i}))
            assert str(readers[0].catch_up()) == str(readers[1].catch_up()) == str(read(two, study_id))

    @needs("is_shared")
    def test_store_is_read_after_it_was_closed(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        for i in range(20):
            number = storage.begin_trial(study_id, 0).number
            storage.write(study_id, TrialChange(number, reports={0: i / 3}))
            if i % 3:
                storage.write(study_id, TrialChange(number, state=COMPLETE, values=(i / 7,)))
        before = str(read(storage, study_id))
        storage.close()
        assert str(read(self.make_storage(tmp_path), study_id)) == before
        assert str(read(storage, study_id)) == before  # opens again by itself
        assert storage.begin_trial(study_id, 0).number == 20

    @needs("is_shared")
    def test_handle_survives_pickling(self, tmp_path: Path) -> None:
        storage, study_id = self.new_study(tmp_path)
        storage.begin_trial(study_id, 0)
        copy: Storage = pickle.loads(pickle.dumps(storage))  # noqa: S301  our own bytes
        assert copy.begin_trial(study_id, 0).number == 1
        assert str(read(copy, study_id)) == str(read(storage, study_id))

    @needs("is_shared")
    def test_many_processes_open_a_fresh_store_at_once(self, tmp_path: Path) -> None:
        n = 32
        numbers = self.run(tmp_path, "open_store", [[str(i)] for i in range(n)])
        assert sorted(said[0] for said in numbers) == list(range(n))
        storage = self.make_storage(tmp_path)
        assert len(storage.list_studies()) == 1
        trials = read(storage, study_of(storage)).trials
        assert {trial.user_attrs["by"] for trial in trials.values()} == {str(i) for i in range(n)}

    @needs("is_shared")
    def test_processes_share_the_queue(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        study_id = study_of(storage)
        storage.add_trials(study_id, [TrialChange(state=WAITING, user_attrs={"queued": i}) for i in range(120)])
        claimed = [said[0] for said in self.run(tmp_path, "empty_queue", [[]] * 4)]
        assert sorted(chain.from_iterable(claimed)) == list(range(120))
        assert all(own == sorted(own) for own in claimed)
        counts = storage.summary(study_id).counts
        assert (counts[RUNNING], counts[TrialState.FAIL], counts[WAITING]) == (120, 4, 0)

    @needs("is_shared")
    def test_no_commit_of_other_processes_stays_invisible(self, tmp_path: Path) -> None:
        storage = self.make_storage(tmp_path)
        study_id = study_of(storage)
        n_workers, n_trials = 4, 40
        workers = self.start(tmp_path, "work", [[str(i), str(n_trials)] for i in range(n_workers)])
        followers = [Reader(storage, study_id), Reader(self.make_storage(tmp_path), study_id)]
        while any(worker.poll() is None for worker in workers):
            for reader in followers:
                assert_in_order(reader.catch_up())
        told = chain.from_iterable(said_by(worker) for worker in workers)
        assert sorted(told) == list(range(n_workers * n_trials))
        for reader in followers:
            assert str(reader.catch_up()) == str(read(storage, study_id))
        assert all(trial.state == COMPLETE for trial in followers[0].trials.values())

    if hasattr(os, "fork"):

        @needs("is_shared")
        def test_fork_is_noticed(self, tmp_path: Path) -> None:
            (said,) = self.run(tmp_path, "fork", [[]])
            assert sorted(said[0]) == list(range(41))
            storage = self.make_storage(tmp_path)
            assert storage.summary(study_of(storage)).counts[COMPLETE] == 41

    def start(self, directory: Path, command: str, arguments: Sequence[Sequence[str]]) -> list[subprocess.Popen[str]]:
        """Let processes work on the store, all at the same moment."""
        url = self.store_url(directory)
        gate, opener = os.pipe()
        program = [sys.executable, "-m", "optimist.testing.storages.worker", command, url]
        workers = [
            subprocess.Popen([*program, *own], stdin=gate, stdout=subprocess.PIPE, text=True)  # noqa: S603  ourselves
            for own in arguments
        ]
        os.close(gate)
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == '"ready"\n'
        os.close(opener)
        return workers

    def run(self, directory: Path, command: str, arguments: Sequence[Sequence[str]]) -> list[list[Any]]:
        """Let processes work on the store; what each of them said."""
        return [said_by(worker) for worker in self.start(directory, command, arguments)]


def said_by(worker: subprocess.Popen[str]) -> list[Any]:
    """What a process said until it ended, which it should have done without an error."""
    said, _ = worker.communicate(timeout=_TIMEOUT_S)
    assert worker.returncode == 0, f"A worker ended with {worker.returncode}."
    return [json.loads(line) for line in said.splitlines()]


def assert_in_order(reader: Reader) -> None:
    """What a worker did later is not seen before what it did earlier."""
    last: dict[str, int] = {}
    for number in sorted(reader.trials):
        trial = reader.trials[number]
        assert sorted(trial.reports) == list(range(len(trial.reports))), f"Trial {number} lacks an early report."
        if trial.state == COMPLETE:
            assert len(trial.reports) == 3
            assert trial.values == (number / 8,)
        if "worker" in trial.user_attrs:
            worker, i = trial.user_attrs["worker"], trial.user_attrs["i"]
            assert i == last.get(worker, -1) + 1, f"Worker {worker} runs trial {i}, but an earlier one is missing."
            last[worker] = i
    open_trials = [trial for trial in reader.trials.values() if "worker" in trial.user_attrs and trial.state == RUNNING]
    for trial in open_trials:
        assert trial.user_attrs["i"] == last[trial.user_attrs["worker"]], (
            "A later trial is seen, but not this one's end."
        )


def in_threads(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each job in a thread of its own; what they return, or the first error."""
    results: list[Any] = [None] * len(jobs)
    errors: list[BaseException] = []

    def run(i: int) -> None:
        results[i] = jobs[i]()

    threads = [threading.Thread(target=_noting(partial(run, i), errors)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def _noting(job: Callable[[], None], errors: list[BaseException]) -> Callable[[], None]:
    def run() -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001  raised again by whoever waits for the thread
            errors.append(error)

    return run
