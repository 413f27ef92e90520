"""The deterministic mode: what a trial may know follows from its number, not from who was faster.

Trial k is proposed from the trials up to k - N, in order of their numbers, and from nothing else; it waits until these
are finished. N is the *lag*. With N workers at most N trials run, so that nobody waits for anybody but the slowest.

What is known to trials 0, N, 2 N, ... is kept in one history, to which finished trials are added in order of number;
likewise for 1, N + 1, ..., and so on: N *lanes*. When trial k begins, trial k - N, which used the lane before it, has
finished. So a lane belongs to one running trial, and everything that samplers and pruners derive from a history holds
there as it stands, however long the trial runs.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Container, Mapping
from typing import Any, Final

from optimist.history.attributes import (
    CONFIDENCE_KEY,
    DEFAULTS_KEY,
    FOCUS_KEY,
    METRIC_NAMES_KEY,
    RECOMMENDS_KEY,
    WARM_START_KEY,
)
from optimist.history.draft import StudyChange
from optimist.history.history import History
from optimist.history.records import FrozenTrial
from optimist.history.rows import RowReader
from optimist.history.study_face import StudyFace
from optimist.history.view import View
from optimist.logging import get_logger
from optimist.states import TrialState
from optimist.study.defaults import defaults_are_due
from optimist.study.suggesting_trial import Owner

_logger = get_logger(__name__)

_SHORTEST_PAUSE_S: Final = 0.001
_LONGEST_PAUSE_S: Final = 0.05
_SAYS_SO_AFTER_S: Final = 30.0


class NumberOrder:
    """Shows each trial of a study the trials that it may know.

    Args:
        study: The study.
        lag: How many trials before a trial it does not know; these may still run.
        look_after_lost: Ends the trials of lost workers, for which one would wait for ever.
    """

    def __init__(self, study: Owner, lag: int, look_after_lost: Callable[[], None]) -> None:
        self.lag = lag
        self._study = study
        self._look_after_lost = look_after_lost
        self._lanes: dict[tuple[int, int], Lane] = {}
        self._n_finished = 0  # all trials below this number are finished

    def study_for(self, number: int) -> StudyAsOf:
        """The study as a trial that begins may know it. Waits for the trials that it shall know."""
        lag = 1 if self._study.sampler.needs_all_before(number) else self.lag
        n_known = max(number - lag + 1, 0)
        self._wait_for(n_known, number)
        with self._study.ledger.history.lock:
            history = self._study.ledger.history
            key = (lag, number % lag)
            lane = self._lanes.get(key)
            if lane is None or not lane.may_go_on(history, n_known):
                lane = self._lanes[key] = Lane(history)
            lane.go_on(n_known)
        return StudyAsOf(self._study, lane.history, number % self.lag == 0)

    def _wait_for(self, n_known: int, number: int) -> None:
        started_at = time.monotonic()
        pause_s, says_so_at = _SHORTEST_PAUSE_S, started_at + _SAYS_SO_AFTER_S
        while not self._are_finished(n_known):
            if time.monotonic() >= says_so_at:
                _logger.info("Trial %d waits for trial %d, which it shall know.", number, self._n_finished)
                says_so_at += _SAYS_SO_AFTER_S
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            if self._study.is_shared and not self._are_finished(n_known):
                self._study.sync()
                self._look_after_lost()

    def _are_finished(self, n: int) -> bool:
        history = self._study.ledger.history
        while self._n_finished < n:
            number = self._n_finished
            if history.row_of(number) < 0 and number not in history.voided:
                return False
            self._n_finished += 1
        return True


class Lane:
    """A history of the first trials of a study, in order of number.

    Args:
        source: The history of the study.
    """

    def __init__(self, source: History) -> None:
        self.history = History(source.directions)
        # What pruners match metrics to objectives by, what the search keeps to, and what earlier studies tell; none of
        # them changes while trials run.
        kept = (METRIC_NAMES_KEY, FOCUS_KEY, WARM_START_KEY)
        self.history.system_attrs = {key: source.system_attrs[key] for key in kept if key in source.system_attrs}
        self._rows = RowReader(source)
        self._n_known = 0

    def may_go_on(self, source: History, n: int) -> bool:
        """Whether adding trials is enough to come to the first ``n``: none was voided since, and none is too much."""
        return self._n_known <= n and self._rows.history is source

    def go_on(self, n: int) -> None:
        """Add trials up to the first ``n``, all of them finished."""
        rows = map(self._rows.history.row_of, range(self._n_known, n))
        changes = [self._rows.change(row) for row in rows if row >= 0]  # else it is voided
        self.history.apply(changes)
        self.history.n_trials = self._n_known = n
        learned: dict[str, Any] = {}
        for change in changes:
            note = change.system_attrs.get(RECOMMENDS_KEY)
            known = {**self.history.system_attrs, **learned}
            if isinstance(note, dict):
                learned[DEFAULTS_KEY] = {**_as_dict(known.get(DEFAULTS_KEY)), **note["default"]}
                learned[CONFIDENCE_KEY] = {**known.get(CONFIDENCE_KEY, {}), **note["confidence"]}
            elif DEFAULTS_KEY in change.system_attrs or note:  # by a release that did not note which values
                learned.setdefault(DEFAULTS_KEY, known.get(DEFAULTS_KEY, True))
        if learned:
            self.history.apply([StudyChange(system_attrs=learned)])


class StudyAsOf(StudyFace):
    """A study as one trial may know it: what samplers, pruners and objectives of the deterministic mode see.

    It shows the trials that the order allows, and none that run.

    Args:
        study: The study.
        history: The trials to show.
        may_try_defaults: Whether the trial is among those that try the recommended values, should these be due.
    """

    def __init__(self, study: Owner, history: History, may_try_defaults: bool) -> None:
        super().__init__(study)
        self.history = history
        self.ledger, self.checkpoints = study.ledger, study.checkpoints
        self.sampler, self.pruner, self.proposal_lock = study.sampler, study.pruner, study.proposal_lock
        self.constraint = study.constraint
        self._may_try_defaults = may_try_defaults

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self._study,)

    def view(self, exclude: int = -1) -> View:
        return View(self.history, exclude, parameter_constraint=self.constraint)

    def knows(self, recommended: Mapping[str, Any], confidence: Mapping[str, float]) -> bool:
        """Whether the trials that are shown recommended all of these values, and were as sure of them."""
        attrs = self.history.system_attrs
        defaults, noted = _as_dict(attrs.get(DEFAULTS_KEY)), attrs.get(CONFIDENCE_KEY, {})
        return all(name in defaults and defaults[name] == value for name, value in recommended.items()) and all(
            noted.get(name) == sure for name, sure in confidence.items()
        )

    def tries_defaults(self, number: int) -> bool:
        """Whether the trial of this number shall try the recommended values."""
        return number == 0 or (self._may_try_defaults and defaults_are_due(self.history))

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        trials = self.history.trials(states)
        return copy.deepcopy(trials) if deepcopy else trials

    @property
    def best_trial(self) -> FrozenTrial:
        if self.history.best_row < 0 or len(self.directions) > 1:
            raise ValueError("No feasible complete trial of a study with one objective is known to this trial.")
        return self.history.trial(self.history.number.data[self.history.best_row])

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The Pareto front of them, by number."""
        return [self.history.trial(self.history.number.data[row]) for row in self.view().front_rows()]


def _as_dict(known: Any) -> dict[str, Any]:
    return known if isinstance(known, dict) else {}


def _itself(study: Owner) -> Owner:
    """What a pickled ``StudyAsOf`` comes back as: elsewhere the order does not hold."""
    return study
