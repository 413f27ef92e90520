"""Where an executor puts a trial: the study is opened, the objective called, and the driver told how it ended.

A process is told with each trial where the study lives and what the objective is (the luggage, which is unpacked once),
and which trial to run. It attaches to the trial and calls the objective. What the trial says goes to the study's storage
at once, or soon; how it ended is returned to the driver, which tells it.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from optimist.exceptions import StorageInternalError, TrialNotFoundError, UpdateFinishedTrialError
from optimist.execution.interrupts import pressing
from optimist.history.attributes import RAN_ON_KEY
from optimist.logging import set_verbosity
from optimist.study import crew_messages as messages
from optimist.study.errand import Returned, attempt
from optimist.study.escort import Escort
from optimist.study.live_trial import Trial
from optimist.study.outsourcing import stand_ins_of
from optimist.study.study import Study

_MAX_GUESTS: Final = 2
"""So many studies a process keeps open, the latest ones, so that the next trial need not read them again."""


def run(key: str, luggage: bytes, packed: bytes) -> Returned:
    """Run a trial in this process, which is not the driver's.

    Args:
        key: Names the luggage; another one for each call of ``optimize``.
        luggage: Where the study lives, and what to do, as ``crew_messages.pack`` packed it.
        packed: The trial, as ``pickle_for`` packed it.
    """
    with _first_ctrl_c_is_the_drivers():
        try:
            return _run_trial(key, luggage, packed)
        except (TrialNotFoundError, UpdateFinishedTrialError, StorageInternalError, OSError) as error:
            return Returned(why_lost=f"{type(error).__name__}: {error}")
        except KeyboardInterrupt:
            return Returned(why_lost="Ctrl-C")
        except BaseException as error:  # noqa: BLE001  no other node would fare better
            text = f"The objective could not be opened on {platform.node()}. {_text_of(error)}"
            return Returned(is_fatal=True, text=text)


def _run_trial(key: str, luggage: bytes, packed: bytes) -> Returned:
    guest = _guest_of(key, luggage)
    study, work = guest.study, guest.work
    trial: Trial = messages.unpickle_from(io.BytesIO(packed), stand_ins_of(study))
    if not _claims(trial):
        return Returned(why_lost="its executor ran it a second time, as it does when a node is gone")
    trial.defer_writes()
    with study.ledger.working(_look_after_nothing):
        back = attempt(study, trial, work.objective, work.catch, gc_after_trial=work.gc_after_trial)
        if isinstance(back.error, (StorageInternalError, KeyboardInterrupt)):
            raise back.error
        with contextlib.suppress(UpdateFinishedTrialError):  # it was given up meanwhile; the driver sees it too
            study.ledger.lend(trial.draft)
    return back if back.error is None else replace(back, error=None, text=_text_of(back.error))


def _claims(trial: Trial) -> bool:
    """Note where the trial runs; False if it did so before: some executors run a call again whose node was lost."""
    draft, ledger = trial.draft, trial.study.ledger
    ran_on = draft.system_attrs.get(RAN_ON_KEY)
    if isinstance(ran_on, dict) and ran_on.get("trial") == trial.number:  # a retry may have inherited the note
        return False
    here = {"trial": trial.number, "machine": platform.node(), "process": os.getpid()}
    ledger.set_trial_attr(draft, RAN_ON_KEY, here, is_system=True)
    ledger.flush(draft)
    return True


def _look_after_nothing() -> None:
    """The driver looks after the trials of lost workers."""


def _text_of(error: BaseException) -> str:
    trace = "".join(traceback.format_exception(error)).rstrip()
    return f"{type(error).__name__}: {error}\n\n{trace}"


@contextlib.contextmanager
def _first_ctrl_c_is_the_drivers() -> Iterator[None]:
    """Ctrl-C in a terminal goes to all its processes: the first one lets trials finish, the second one ends them."""
    n_presses = 0

    def press() -> None:
        nonlocal n_presses
        n_presses += 1
        if n_presses > 1:
            raise KeyboardInterrupt

    with pressing(press):
        yield


# The studies that this process has open


@dataclass(frozen=True)
class _Guest:
    """A study that a driver elsewhere has asked this process to work on, and the work."""

    study: Study
    work: messages.Work


_guests: OrderedDict[str, _Guest] = OrderedDict()
_lock = threading.Lock()


def _guest_of(key: str, luggage: bytes) -> _Guest:
    with _lock:
        if key not in _guests:
            _guests[key] = _Guest(*open_luggage(luggage))
            while len(_guests) > _MAX_GUESTS:
                _guests.popitem(last=False)  # its storage is closed when its last trial has ended
        _guests.move_to_end(key)
        return _guests[key]


def open_luggage(luggage: bytes) -> tuple[Study, messages.Work]:
    """Open the study where it lives, as the sender has it, and unpack what is to be done there."""
    case = messages.Luggage(luggage)
    storage, name = case.place()
    study = Study(name, storage)
    study.escort = Escort()  # what was launched is the sender
    work = case.work(stand_ins_of(study))
    set_verbosity(work.verbosity)
    study.sampler, study.pruner = work.sampler, work.pruner
    study.keep_checkpoints = work.keep_checkpoints
    study.parameter_constraint = work.parameter_constraint
    if work.checkpoints is not None:
        study.checkpoints.use(work.checkpoints)
    storage.leases = work.leases
    return study, work
