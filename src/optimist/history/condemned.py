"""Condemned trials: what an audited pruner said of them, and the history as it would be without its controls.

A pruner is audited by letting some of the trials that it condemns go on to their end, as *controls*. What it would have
decided without an audit must not depend on them. So it is shown a shadow of the history, in which a control stands as
pruned, with the curve that it had when it was condemned.
"""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optimist.history.attributes import AUDIT_KEY
from optimist.history.columns import INT
from optimist.history.draft import TrialChange
from optimist.history.history import History
from optimist.history.open_trial import OpenTrial
from optimist.history.rows import RowReader
from optimist.history.view import View
from optimist.states import TrialState


@dataclass(frozen=True, slots=True)
class Condemnation:
    """What a pruner said when it condemned a trial; kept with the trial under ``AUDIT_KEY``.

    Attributes:
        step: The last step that the trial had reported.
        value: What it reported there; may be NaN.
        incumbent: The best objective value that the pruner knew of; None before the first, and for several objectives.
        is_control: Whether the trial was let go on.
        pruner: The name of the pruner's class.
        reason: What the pruner said; empty if nothing.
    """

    step: int
    value: float
    incumbent: float | None
    is_control: bool
    pruner: str
    reason: str = ""

    @classmethod
    def of(cls, system_attrs: Mapping[str, Any]) -> Condemnation | None:
        """Read it from a trial's system attributes; None if the trial was not condemned under an audit."""
        note = system_attrs.get(AUDIT_KEY)
        return None if note is None else cls(**note)

    def note(self) -> dict[str, Any]:
        """The attribute to keep, as JSON knows it."""
        return dataclasses.asdict(self)


def is_control(system_attrs: Mapping[str, Any]) -> bool:
    """Whether a trial with these system attributes was condemned, and let go on."""
    note = system_attrs.get(AUDIT_KEY)
    return note is not None and bool(note["is_control"])


class Shadow:
    """Tracker: the history as it would be if the controls had been pruned when they were condemned.

    Its rows stand in the order of finishing, controls where they were first seen to be condemned.

    Cost: O(1) for each trial that finishes, and the memory of a second history.
    """

    def __init__(self) -> None:
        self._reader: RowReader | None = None
        self._history: History | None = None
        self._n_seen = 0
        self._n_shown = array(INT, [0])  # rows of the shadow by rows of the history
        self._row_of_control: dict[int, int] = {}  # row in the shadow, by number of the trial

    def advance(self, history: History, n: int) -> None:
        if self._history is None or self._reader is None:
            self._history, self._reader = History(history.directions, history.lock), RowReader(history)
        changes: list[TrialChange] = []
        n_before = self._history.n
        for row in range(self._n_seen, n):
            change = self._reader.change(row)
            if not is_control(change.system_attrs):
                changes.append(change)
            elif change.number not in self._row_of_control:
                self._row_of_control[change.number] = n_before + len(changes)
                changes.append(_pruned_when_condemned(change))
            self._n_shown.append(n_before + len(changes))
        self._history.apply(changes)
        self._n_seen = max(self._n_seen, n)

    def view(self, view: View) -> View:
        """What a view of the history shows, seen here.

        A view that is older than what was seen may show a trial more that finished since.
        """
        history = self._history
        assert history is not None, "a tracker is advanced before it is asked"
        with view.lock:
            n = self._n_shown[view.n]
            still_open = []
            for trial in view.open_trials:
                if not is_control(trial.system_attrs):
                    still_open.append(trial)
                    continue
                row = self._row_of_control.get(trial.number)
                if row is None:
                    row = self._row_of_control[trial.number] = history.n
                    history.apply([_pruned_when_condemned(_change_of(trial))])
                n = max(n, row + 1)
            return view.over(history, n, tuple(still_open))


def _pruned_when_condemned(change: TrialChange) -> TrialChange:
    """A trial as if it had been pruned when it was condemned.

    Reports of earlier steps that came after that moment are taken for reports before it: their order is not kept.
    """
    condemned_at = change.system_attrs[AUDIT_KEY]["step"]
    reports = _until(condemned_at, change.reports)
    last = reports[max(reports)] if reports else math.nan
    return dataclasses.replace(
        change,
        state=TrialState.PRUNED,
        values=None if math.isnan(last) else (last,),
        reports=reports,
        metrics={name: _until(condemned_at, by_step) for name, by_step in change.metrics.items()},
    )


def _until(last_step: int, by_step: Mapping[int, float]) -> dict[int, float]:
    return {step: value for step, value in by_step.items() if step <= last_step}


def _change_of(trial: OpenTrial) -> TrialChange:
    return TrialChange(
        number=trial.number,
        params=[(edge.name, edge.distribution, value) for edge, value in zip(trial.layout.path(), trial.values)],  # noqa: B905  a suggestion may be under way
        reports=trial.reports,
        system_attrs=trial.system_attrs,
    )
