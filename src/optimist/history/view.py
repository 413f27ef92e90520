"""View: what an algorithm sees of a study; it never changes, whatever happens to the study meanwhile."""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from optimist.distributions import BaseDistribution
from optimist.history.cells import CommonSpace, FinishedCells, TriedCells
from optimist.history.history import History, TrackerT
from optimist.history.layout import Layout
from optimist.history.open_trial import OpenTrial
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.trackers import (
    Front,
    LayoutFilter,
    Lead,
    Leader,
    Measure,
    SharedSpace,
    Step,
    StepValues,
    TopRows,
    rank_key,
    violation,
)
from optimist.numerics.order_statistics import percentile_of_sorted
from optimist.search_space.space import SearchSpace
from optimist.states import StudyDirection, TrialState

if TYPE_CHECKING:
    import numpy as np  # loaded when a column is first read as a whole
    from numpy.typing import NDArray


class View:
    """The finished trials as columns in order of finishing, and the open ones as records.

    Rows are positions in the order of finishing. Columns are read-only.

    Args:
        history: What to look at; the view shows its state at this moment.
        exclude: The number of a trial to leave out of ``open_trials``: the one that asks.
        before: Show only those open trials whose number is below this; None for all.
        parameter_constraint: What no proposal may break; None if all may be proposed.

    Attributes:
        n: Number of finished trials.
        n_trials: Number of trials of any state.
        open_trials: The waiting and running ones.
        system_attrs: The study's system attributes; not to be changed.
    """

    __slots__ = ("_counts", "_history", "n", "n_trials", "open_trials", "parameter_constraint", "system_attrs")

    def __init__(
        self,
        history: History,
        exclude: int = -1,
        before: int | None = None,
        parameter_constraint: ParameterConstraint | None = None,
    ) -> None:
        self.parameter_constraint = parameter_constraint
        with history.lock:
            self._history = history
            self.n = history.n
            self.n_trials = history.n_trials
            self.system_attrs = history.system_attrs
            self._counts = tuple(history.counts)
            self.open_trials: tuple[OpenTrial, ...] = ()
            if len(history.drafts) > (exclude in history.drafts):
                self.open_trials = tuple(
                    OpenTrial(
                        d.number, d.state, d.layout, tuple(d.values), dict(d.reports), dict(d.system_attrs), d.proposed
                    )
                    for d in list(history.drafts.values())
                    if d.number != exclude and (before is None or d.number < before)
                )

    def over(self, history: History, n: int, open_trials: tuple[OpenTrial, ...]) -> View:
        """This moment as another history of the same study tells it.

        Args:
            history: What to look at; all that is open in it does not show.
            n: How many of its rows to show.
            open_trials: The waiting and running trials to show.
        """
        other = View(history, parameter_constraint=self.parameter_constraint)
        other.n, other.n_trials, other.open_trials = n, self.n_trials, open_trials
        other.system_attrs = self.system_attrs
        with history.lock:
            counts = list(history.counts)
            for state in history.state.data[n : history.n]:
                counts[state] -= 1
        for state in (TrialState.RUNNING, TrialState.WAITING):
            counts[state] = sum(trial.state == state for trial in open_trials)
        other._counts = tuple(counts)
        return other

    # The study

    @property
    def directions(self) -> tuple[StudyDirection, ...]:
        """One per objective."""
        return self._history.directions

    @property
    def n_objectives(self) -> int:
        """Number of objectives."""
        return len(self._history.directions)

    @property
    def layouts(self) -> Sequence[Layout]:
        """All layouts; the column ``layout_indices`` points into it."""
        return self._history.tree.layouts

    @property
    def running(self) -> list[OpenTrial]:
        """The running ones of ``open_trials``."""
        return [t for t in self.open_trials if t.state == TrialState.RUNNING]

    # Columns, one entry per finished trial

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(n,) trial numbers."""
        return self._history.number.head(self.n)

    @property
    def states(self) -> NDArray[np.int8]:
        """(n,) values of ``TrialState``."""
        return self._history.state.head(self.n)

    @property
    def layout_indices(self) -> NDArray[np.int32]:
        """(n,) positions in ``layouts``."""
        return self._history.layout.head(self.n)

    @property
    def values(self) -> NDArray[np.float64]:
        """(n, n_objectives) objective values; NaN where a trial has none."""
        import numpy as np

        return np.column_stack([column.head(self.n) for column in self._history.values])

    @property
    def losses(self) -> NDArray[np.float64]:
        """(n, n_objectives) objective values, turned so that smaller is better."""
        losses: NDArray[np.float64] = self.values * self._history.signs
        return losses

    def losses_of(self, rows: NDArray[np.intp] | list[int]) -> NDArray[np.float64]:
        """(n_rows, n_objectives) the losses of some rows."""
        import numpy as np

        values = np.column_stack([column.head(self.n)[rows] for column in self._history.values])
        losses: NDArray[np.float64] = values * self._history.signs
        return losses

    @property
    def durations_s(self) -> NDArray[np.float64]:
        """(n,) seconds from the start of a trial to its end; NaN where either is not known."""
        import numpy as np

        started, completed = self._history.started_us.head(self.n), self._history.completed_us.head(self.n)
        return np.where((started >= 0) & (completed >= 0), (completed - started) / 1e6, np.nan)

    @property
    def n_reports(self) -> NDArray[np.int64]:
        """(n,) how many steps each trial reported."""
        with self._history.lock:
            n_reports: NDArray[np.int64] = self._history.curve_stop.head(self.n) - self._history.curve_start.head(
                self.n
            )
        return n_reports

    def column(self, name: str) -> NDArray[Any]:
        """(n,) internal values of a parameter, float64 or int64; anything where a trial does not have it.

        Raises:
            KeyError: No trial ever had the parameter.
        """
        with self._history.lock:
            return self._history.tree.columns[name].head(self.n)

    def constraint(self, key: str) -> NDArray[np.float64]:
        """(n,) values of a constraint, NaN where not reported."""
        with self._history.lock:
            return self._history.constraints[key].head(self.n)

    @property
    def constraint_keys(self) -> list[str]:
        """The constraints that any of the finished trials reported."""
        with self._history.lock:
            return [key for key, since in self._history.constraint_since.items() if since < self.n]

    def row_attrs(self, row: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The user and system attributes of a finished trial; not to be changed."""
        return self._history.row_attrs.get(row, ({}, {}))

    def curve(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps in ascending order, and the intermediate values there, of a finished trial."""
        history = self._history
        start, stop = history.curve_range(row)
        return history.curve_steps.head(stop)[start:], history.curve_values.head(stop)[start:]

    def metric_names(self, row: int) -> list[str]:
        """The names of the metrics that a finished trial reported, the first one first; empty if it used no names."""
        return list(self._history.row_metrics.get(row, ()))

    def metric_curve(self, row: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """As ``curve``, of one of the named metrics; empty if the trial did not report it."""
        history = self._history
        start, stop = history.row_metrics.get(row, {}).get(name, (0, 0))
        return history.curve_steps.head(stop)[start:], history.curve_values.head(stop)[start:]

    # Statistics that are kept

    def tracker(self, key: Hashable, make: type[TrackerT], *args: Any) -> TrackerT:
        """A statistic of the caller's own, kept with the history under this key and brought up to date.

        Args:
            key: What it is asked for by; equal keys share one.
            make: Its class, called with ``args`` when it is asked for first.
        """
        history = self._history
        with history.lock:
            tracker = history.tracker(key, make, *args)
            tracker.advance(history, self.n)
            return tracker

    @property
    def lock(self) -> threading.RLock:
        """Held by whoever brings a tracker up to date."""
        return self._history.lock

    def count(self, state: TrialState) -> int:
        """Number of trials in a state."""
        return self._counts[state]

    def holds(self, names: Sequence[str], rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(n_rows,) whether the trials of these rows have all of these parameters."""
        import numpy as np

        history, key = self._history, frozenset(names)
        with history.lock:
            tracker = history.tracker((LayoutFilter, key), LayoutFilter, key)
            tracker.advance(history, self.n)
            mask = np.frombuffer(bytes(tracker.mask), np.bool_)
        return mask[self.layout_indices[rows]]

    def n_ranked(self, names: Sequence[str]) -> int:
        """Number of finished trials that did not fail and have all of these parameters."""
        with self._history.lock:
            return self._top_rows(names).count(self._history, self.n)

    def best_rows(self, names: Sequence[str], m: int) -> list[int]:
        """Up to ``m`` of the best finished trials that have all of these parameters, best first.

        For one objective: feasible complete trials by loss, then pruned ones by how far they came, then infeasible
        ones by violation (see ``rank_key``).
        """
        with self._history.lock:
            return self._top_rows(names).best(self._history, self.n, m)

    def _top_rows(self, names: Sequence[str]) -> TopRows:
        key = frozenset(names)
        return self._history.tracker((TopRows, key), TopRows, key)

    def rank_key(self, row: int) -> tuple[int, float, float] | None:
        """The key of ``best_rows`` for one row; None for a failed trial."""
        return rank_key(self._history, row, self.n)

    def violation(self, row: int) -> float:
        """Sum of the positive constraint values of a finished trial; infinite if it reported none of them."""
        return violation(self._history, row, self.n)

    def leader(self, measure: Measure) -> Lead | None:
        """The finished trial with the lowest measure, the first among equals; None if no trial takes part.

        Args:
            measure: A function of a module, or another object that is equal to itself the next time it is given.

        Cost: O(1), whatever the number of trials.
        """
        history = self._history
        with history.lock:
            return history.tracker((Leader, measure), Leader, measure).at(history, self.n)

    def front_rows(self) -> list[int]:
        """The Pareto front of the feasible complete trials, in ascending order.

        Feasible is what violates no constraint; a trial that reported none is feasible.
        """
        history = self._history
        with history.lock:
            return history.tracker(Front, Front).at(history, self.n)

    def step_values(self, step: int) -> array[float]:
        """The intermediate values of complete trials at a step, ascending, without NaN; a copy."""
        with self._history.lock:
            return array("d", self._step(step).values)

    def step_percentile(self, step: int, percentile: float, n_min_trials: int = 1) -> float:
        """A percentile of the intermediate values of complete trials at a step.

        Args:
            step: The step.
            percentile: 0 to 100, of the values in ascending order; between two values it is interpolated.
            n_min_trials: How many trials must have reported the step, NaN counted.

        Returns:
            NaN if fewer did, or if all of them reported NaN.

        Cost: O(1), whatever the number of trials.
        """
        with self._history.lock:
            found = self._step(step)
            if len(found.values) + found.n_nan < n_min_trials:
                return math.nan
            return percentile_of_sorted(found.values, percentile)

    def _step(self, step: int) -> Step:
        return self._history.tracker(StepValues, StepValues).at(self._history, self.n, step)

    def shared_space(self, include_pruned: bool = False) -> SearchSpace:
        """The parameters that all complete (and pruned) trials have, sorted by name; not to be changed."""
        history = self._history
        with history.lock:
            tracker = history.tracker((SharedSpace, include_pruned), SharedSpace, include_pruned)
            return tracker.at(history, self.n)

    # Finite spaces

    @property
    def finite_space(self) -> SearchSpace | None:
        """The space of the complete trials, sorted by name, if it is finite and has no conditions; else None.

        None as well before the first trial is complete, and where ranges changed between trials.
        """
        history = self._history
        with history.lock:
            tracker = history.tracker(CommonSpace, CommonSpace)
            tracker.advance(history, self.n)
            space = tracker.space
        return space if space is not None and space.is_finite else None

    def tried_cells(
        self, space: SearchSpace | Mapping[str, BaseDistribution], fixed: Mapping[str, Any] = MappingProxyType({})
    ) -> TriedCells:
        """Which cells of a space were tried, and which are left; what the parameter constraint forbids is not left.

        What finishes after the view was taken may count as well: to know of more tried cells does no harm.

        Args:
            space: Each of its parameters has finitely many values.
            fixed: Internal values of some of them, which need not be in their range; only cells with these count.

        Raises:
            ValueError: The space is infinite.
        """
        history, space = self._history, space if isinstance(space, SearchSpace) else SearchSpace(space)
        with history.lock:
            constraint = self.parameter_constraint
            key = (FinishedCells, space, frozenset(fixed.items()), constraint)
            tracker = history.tracker(key, FinishedCells, space, fixed, constraint)
            tracker.advance(history, self.n)
        expected = [trial.expected(space) for trial in self.open_trials]
        numbers = [tracker.cells.number(values) for values in expected if values is not None]
        return TriedCells(tracker.cells, tracker.untried, numbers, history.lock, tracker.failed)

    @property
    def is_exhausted(self) -> bool:
        """Whether there is a ``finite_space``, and each of its cells was tried."""
        space = self.finite_space
        if space is None or (self.parameter_constraint is None and (space.cardinality or 0) > self.n_trials):
            return False
        return self.tried_cells(space).n_left == 0
