"""A worker process of a study: the usual loop, which asks its parent before each trial."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from optimist.execution.child import ParentLine
from optimist.history.attributes import LEASE_LOST_KEY
from optimist.states import TrialState
from optimist.study import crew_messages as messages
from optimist.study.escort import Escort
from optimist.study.guest import open_luggage
from optimist.study.launched import LAUNCH_VARIABLES
from optimist.study.study import Study


class ParentEscort(Escort):
    """The parent goes along: it keeps the budget, and hears of each trial.

    Args:
        line: The line to it.
        study: The study of this worker.
    """

    may_overlap = False
    handles_term = False  # it comes from the parent, who sees to the trial

    def __init__(self, line: ParentLine, study: Study) -> None:
        self._line = line
        self._study = study

    def may_begin(self) -> bool:
        self._line.send(messages.encode(messages.Wants()))
        return self._line.receive() == messages.GO

    def begun(self, number: int) -> None:
        self._line.send(messages.encode(messages.Began(number)))

    def stopped(self) -> None:
        self._line.send(messages.encode(messages.Stopped()))  # at once, for other workers begin trials meanwhile

    def dropped(self, number: int) -> None:
        self._line.send(messages.encode(messages.Dropped(number)))

    def ended(self, number: int, state: TrialState, values: Sequence[float] | None, *, is_fatal: bool) -> None:
        told = None if values is None else [repr(float(value)) for value in values]
        is_lost = state == TrialState.FAIL and self._is_lost(number)
        self._line.send(messages.encode(messages.Over(number, int(state), told, is_lost, is_fatal)))

    def _is_lost(self, number: int) -> bool:
        return LEASE_LOST_KEY in self._study.ledger.history.trial(number).system_attrs


def main(line: ParentLine, payload: bytes) -> None:
    """Work until the parent says that it is enough."""
    for name in LAUNCH_VARIABLES:  # the parent is what was launched
        os.environ.pop(name, None)
    try:
        _work(line, payload)
    except BaseException as error:  # noqa: BLE001  the parent raises it
        what = f"{type(error).__name__}: {error}"
        line.send(messages.encode(messages.Failed(what, traceback.format_exc())))
    sys.stdout.flush()


def _work(line: ParentLine, payload: bytes) -> None:
    study, work = open_luggage(payload)
    study.escort = ParentEscort(line, study)
    study.optimize(
        work.objective,
        catch=work.catch,  # type: ignore[arg-type]  # checked by the parent
        gc_after_trial=work.gc_after_trial,
        total_trials=work.total_trials,
        deterministic=work.lag,
    )
