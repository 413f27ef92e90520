"""What the processes of the suite do: python -m optimist.testing.storages.worker COMMAND URL ARGUMENT...

Each opens the store when its standard input ends, so that many can be let go at the same moment, and prints one JSON
value per line.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

from optimist.exceptions import DuplicatedStudyError
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import Storage
from optimist.storages.open import open_storage
from optimist.testing.storages.reader import Reader


def say(value: object) -> None:
    """Tell the parent."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def study_of(storage: Storage) -> int:
    """The study that all share, made by the first that asks for it."""
    try:
        return storage.create_study("shared", [StudyDirection.MINIMIZE]).study_id
    except DuplicatedStudyError:
        return storage.load_study("shared").study_id


def open_store(storage: Storage, name: str) -> None:
    """Make or load the study, and run one trial."""
    study_id = study_of(storage)
    number = storage.begin_trial(study_id, 0).number
    storage.write(study_id, TrialChange(number, state=TrialState.COMPLETE, values=(1.0,), user_attrs={"by": name}))
    say(number)


def empty_queue(storage: Storage) -> None:
    """Begin trials until one is new rather than out of the queue; say which came out of it."""
    study_id = study_of(storage)
    reader = Reader(storage, study_id)
    claimed = []
    while True:
        number = reader.begin()
        if "queued" not in reader.trials[number].user_attrs:
            storage.write(study_id, TrialChange(number, state=TrialState.FAIL))
            break
        claimed.append(number)
    say(claimed)


def work(storage: Storage, worker: str, n_trials: str) -> None:
    """Run trials with three reports each; say each number once the store has taken its end."""
    study_id = study_of(storage)
    reader = Reader(storage, study_id)
    for i in range(int(n_trials)):
        number = reader.begin()
        for step in range(3):
            notes = {"worker": worker, "i": i} if step == 0 else {}
            reader.cursor = storage.write(
                study_id, TrialChange(number, reports={step: step / 4}, user_attrs=notes), reader.cursor
            )
        storage.write(study_id, TrialChange(number, state=TrialState.COMPLETE, values=(number / 8,)))
        say(number)


def fork(storage: Storage) -> None:
    """Fork while the store is in use; say the numbers of the trials that parent and child ran."""
    study_id = study_of(storage)
    first = storage.begin_trial(study_id, 0).number
    read_end, write_end = os.pipe()
    pid = os.fork()
    numbers = []
    for _ in range(20):
        number = storage.begin_trial(study_id, 0).number
        storage.write(study_id, TrialChange(number, state=TrialState.COMPLETE, values=(1.0,)))
        numbers.append(number)
    if pid == 0:
        os.write(write_end, json.dumps(numbers).encode())
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    storage.write(study_id, TrialChange(first, state=TrialState.COMPLETE, values=(1.0,)))
    say([first, *numbers, *json.loads(os.read(read_end, 65536))])


COMMANDS: dict[str, Callable[..., None]] = {
    function.__name__: function for function in (open_store, empty_queue, work, fork)
}


def main() -> None:
    """Do what the command line says."""
    command, url, *arguments = sys.argv[1:]
    say("ready")
    sys.stdin.read()
    COMMANDS[command](open_storage(url), *arguments)


if __name__ == "__main__":
    main()
