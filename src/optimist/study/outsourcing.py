"""What the loops have in common whose trials run in other processes: what they send there, and what follows a trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from optimist.execution.addresses import Address
from optimist.logging import get_verbosity
from optimist.states import TrialState
from optimist.storages.base import Storage
from optimist.storages.base_storage import BaseStorage
from optimist.storages.remote import open_remote
from optimist.storages.serving import StorageServer, works_elsewhere
from optimist.study.crew_messages import Work
from optimist.study.ledger import Ledger
from optimist.study.optimize import LoopStudy
from optimist.study.plan import Plan, is_at_least


class HasStorage(Protocol):
    """A study, as far as others may refer to it."""

    ledger: Ledger

    @property
    def _storage(self) -> BaseStorage:
        """Where the study lives, as those see it who speak in ids."""


class Employer(LoopStudy, HasStorage, Protocol):
    """What such a loop needs of the study that it runs for."""

    study_name: str

    def give_up(self, number: int, *, always_retry: bool = False) -> bool:
        """End a running trial whose worker is gone, and queue it again."""


@contextmanager
def served(
    storage: Storage, address: Address | None = None, works: Callable[[Storage], bool] = works_elsewhere
) -> Iterator[Storage]:
    """A storage that can be sent to workers: the same, or one through which this process serves it while this lasts.

    Args:
        storage: Where the study lives.
        address: Where workers reach this process; without one, they are on this machine.
        works: Whether the storage can be sent as it is.
    """
    if works(storage):
        yield storage
        return
    with StorageServer(storage, address) as server:
        yield open_remote(server.url)


def work_for(study: Employer, plan: Plan, lag: int = 0) -> Work:
    """What workers have to do."""
    is_served = not works_elsewhere(study.ledger.storage)
    return Work(
        plan.objective,
        study.sampler,
        study.pruner,
        study.ledger.storage.leases,
        plan.catch,
        plan.gc_after_trial,
        plan.terms.total_trials,
        lag,
        study.keep_checkpoints,
        get_verbosity(),
        study.checkpoints.base if is_served else None,
        None if study.constraint is None else study.constraint.predicate,
    )


def stand_ins_of(study: HasStorage) -> dict[str, Any]:
    """The objects of which every process that works on a study has its own; see ``pickle_for``."""
    return {"study": study, "ledger": study.ledger, "storage": study.ledger.storage, "face": study._storage}


def call_back(study: Employer, plan: Plan, number: int) -> BaseException | None:
    """Call what is to be called after a trial, in the process of the loop; return what it raised."""
    if not plan.callbacks and plan.progress is None:
        return None
    study.in_loop.is_set = True
    try:
        study.ledger.sync()
        for callback in plan.callbacks:
            callback(study, study.ledger.history.trial(number))
        if plan.progress is not None:
            plan.progress.update(study.ledger)
    except BaseException as error:  # noqa: BLE001  raised when the workers have ended
        return error
    finally:
        study.in_loop.is_set = False
    return None


def meets_target(study: Employer, plan: Plan, state: TrialState, values: Sequence[float] | None) -> bool:
    """Whether a trial that ended so is as good as the plan wants."""
    if state != TrialState.COMPLETE or values is None:
        return False
    return is_at_least(values[0], plan.target, study.ledger.record.directions[0])
