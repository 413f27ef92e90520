"""Grid search: every combination of given values, once."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias

from optimist.distributions import BaseDistribution, CategoricalDistribution
from optimist.exceptions import InvalidSpaceError, warn_user
from optimist.history.attributes import DEFAULTS_KEY, FIXED_PARAMS_KEY
from optimist.history.history import History
from optimist.history.open_trial import OpenTrial
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.logging import get_logger
from optimist.numerics.urn import Urn
from optimist.samplers.base import BaseSampler
from optimist.samplers.lattice import LatticeOrder
from optimist.search_space.numbering import CellNumbers
from optimist.states import TrialState

_logger = get_logger(__name__)

GridValueType: TypeAlias = str | float | int | bool | None

GRID_ID_KEY: Final = "grid_id"
SEARCH_SPACE_KEY: Final = "search_space"

_MAX_FAILURES: Final = 2  # a cell that failed so often is given up
_MAX_CLAIMS: Final = 20
_MAX_CONSTRAINED: Final = 500_000
_MAX_ALIKE: Final = 10_000  # more cells than this are not counted as tried by one trial


class GridSampler(BaseSampler):
    """Try every combination of given values, then stop.

    A combination is a *cell*. It is tried by a trial that is complete, pruned, running or waiting, whoever made it: the
    queue, the recommended values, another worker or another sampler. A cell whose trial failed is tried once more, after
    all others. A complete trial that did not ask for some of the parameters has tried all cells that differ in these
    only, so that nothing is repeated in a conditional space.

    All workers of a study share one order of cells, which follows from the grid alone: trial number n takes cell n of
    that order, and what failed or was tried out of turn is made up for at the end. So no cell is tried twice, and a
    study can be interrupted and resumed by anyone who has the same grid. The order spreads out: it starts in the
    middle, and wherever it is stopped, the values of each parameter were tried about equally often.

    ``optimize`` ends when no cell is left. A trial that is asked for nevertheless repeats a cell, with a warning.

    Args:
        search_space: The values to try, by parameter. A value that comes twice is tried once.
        seed: For Optuna's sake. It has no effect, for the order must be the same for all workers.

    Raises:
        ValueError: A parameter has no values.
    """

    def __init__(self, search_space: Mapping[str, Sequence[GridValueType]], seed: int | None = None) -> None:
        self._grid = Grid(search_space)

    def is_exhausted(self, study: StudyLike) -> bool:
        """Whether each cell was tried, so that nothing is left to start."""
        study.sync()
        return not self.has_more(study.view())

    def has_more(self, view: View) -> bool:
        return self._taken(view).n_left > 0

    @property
    def is_exhaustive(self) -> bool:
        return True

    def needs_all_before(self, number: int) -> bool:
        return number >= self._grid.n  # before that, each trial takes the cell of its number

    def pin(self, params: Mapping[str, Any]) -> BaseSampler:
        pinned = {name: [value] for name, value in params.items() if name in self._grid.values}
        return GridSampler({**self._grid.values, **pinned}) if pinned else self

    def before_trial(self, study: StudyLike, trial: FrozenTrial) -> None:
        if FIXED_PARAMS_KEY in trial.system_attrs or self._grid.claim_of(trial.system_attrs) >= 0:
            return
        taken = self._taken(study.view(trial.number))
        if taken.is_free(trial.number):
            self._claim(study, trial, trial.number)  # others expect that, so it need not be told before the next commit
            return
        for attempt in range(_MAX_CLAIMS):
            position = taken.any_free(trial.number + attempt)
            if position < 0:
                break
            self._claim(study, trial, position)
            study.publish(trial.number)
            taken = self._taken(study.view(trial.number))
            if taken.is_free(position):
                return  # whoever looks after this sees the claim; whoever looked before would be seen now
            time.sleep(0.01 * random.random())
        _logger.warning(
            "Trial %d repeats a cell: all %d cells of the grid are tried or running.", trial.number, self._grid.n
        )
        self._claim(study, trial, trial.number % self._grid.n)

    def infer_relative_search_space(self, study: StudyLike, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: StudyLike,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The value of the trial's cell.

        Raises:
            ValueError: The grid has no such parameter, or the trial came from the queue and the queue left it open, or
                the value is none of the choices.
        """
        if param_name not in self._grid.values:
            raise InvalidSpaceError(
                f"Parameter {param_name!r} is not in the grid, which has: {', '.join(self._grid.values) or '-'}."
            )
        position = self._grid.claim_of(trial.system_attrs)
        if position < 0:
            raise InvalidSpaceError(
                f"Trial {trial.number} has no cell of the grid to take parameter {param_name!r} from. A trial that is "
                "queued for a GridSampler must specify all parameters."
            )
        value = self._grid.params(position)[param_name]
        if not param_distribution._contains(param_distribution.to_internal_repr(value)):
            warn_user(
                f"Parameter {param_name!r}: the grid's value {value!r} is used although it is not in "
                f"{param_distribution}."
            )
        return value

    def _claim(self, study: StudyLike, trial: FrozenTrial, position: int) -> None:
        study.set_trial_system_attr(trial.number, SEARCH_SPACE_KEY, self._grid.values)
        study.set_trial_system_attr(trial.number, GRID_ID_KEY, position)

    def _taken(self, view: View) -> TakenCells:
        key = (GridTracker, self._grid.key, view.parameter_constraint)
        return TakenCells(
            self._grid,
            view.tracker(key, GridTracker, self._grid, self._grid.forbidden(view.parameter_constraint)),
            view,
        )


class Grid:
    """The cells of a grid in their order; position p is the p-th to be tried.

    Args:
        search_space: Values by parameter.

    Attributes:
        values: The same without repetitions, sorted by name.
        n: How many cells there are.
        key: Equal for equal grids.
    """

    def __init__(self, search_space: Mapping[str, Sequence[GridValueType]]) -> None:
        self.values: dict[str, list[Any]] = {}
        self._axes: dict[str, CategoricalDistribution] = {}
        for name in sorted(search_space):
            values = [_plain(value) for value in search_space[name]]
            if not values:
                raise InvalidSpaceError(f"Parameter {name!r} has no values in the grid. Name at least one.")
            axis = CategoricalDistribution(values)
            self.values[name] = [v for i, v in enumerate(values) if axis.to_internal_repr(v) == i]
            self._axes[name] = CategoricalDistribution(self.values[name])
        self._cells = CellNumbers(self._axes)
        self._order = LatticeOrder([len(values) for values in self.values.values()])
        self.n = self._cells.n
        self.key = self._cells.space
        self._forbidden: tuple[ParameterConstraint | None, Sequence[int]] = None, ()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_forbidden": (None, ())}

    def params(self, position: int) -> dict[str, Any]:
        """The values of the cell at a position."""
        indices = self._cells.values(self._order.cell(position))
        return {name: self._axes[name].choices[index] for name, index in indices.items()}

    def forbidden(self, constraint: ParameterConstraint | None) -> Sequence[int]:
        """The positions of cells that a parameter constraint forbids; looked up once for each constraint.

        Raises:
            ValueError: There are too many cells to look at.
        """
        if constraint is None:
            return ()
        if self._forbidden[0] is not constraint:
            if self.n > _MAX_CONSTRAINED:
                raise InvalidSpaceError(
                    f"GridSampler looks at each cell of the grid to leave out what the parameter_constraint forbids, but there "
                    f"are {self.n}. Use fewer values, at most {_MAX_CONSTRAINED} combinations, or another sampler."
                )
            found = [p for p in range(self.n) if constraint.judge(self.params(p)) is False]
            self._forbidden = constraint, found
        return self._forbidden[1]

    def position(self, params: Mapping[str, Any]) -> int:
        """The position of the cell with these values; -1 if some are missing or none of the grid's."""
        try:
            indices = {name: axis.to_internal_repr(params[name]) for name, axis in self._axes.items()}
        except (KeyError, ValueError):
            return -1
        return self._order.position(self._cells.number(indices))

    def positions(self, params: Mapping[str, Any]) -> list[int]:
        """The positions of all cells with these values, where some parameters are missing; none if that is too many."""
        missing = [values for name, values in self.values.items() if name not in params]
        if math.prod(map(len, missing)) > _MAX_ALIKE:
            return []
        names = [name for name in self.values if name not in params]
        found = (self.position({**params, **dict(zip(names, rest, strict=True))}) for rest in product(*missing))
        return [position for position in found if position >= 0]

    def claim_of(self, system_attrs: Mapping[str, Any]) -> int:
        """The position that a trial was given; -1 if it was given none of this grid."""
        space = system_attrs.get(SEARCH_SPACE_KEY)
        if GRID_ID_KEY not in system_attrs or not isinstance(space, Mapping) or space.keys() != self.values.keys():
            return -1
        if space != self.values and any(CategoricalDistribution(space[name]) != self._axes[name] for name in space):
            return -1  # the second look is for NaN, which does not equal itself
        position = system_attrs[GRID_ID_KEY]
        return position if isinstance(position, int) and 0 <= position < self.n else -1


def _plain(value: Any) -> Any:
    """Turn numpy's scalars into Python's, so that stores can keep them."""
    return value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


class GridTracker:
    """Which cells of a grid finished trials have tried.

    Args:
        grid: The grid.
        forbidden: Positions that are never tried.

    Attributes:
        untried: Positions that were not tried, and did not fail too often to be tried again.
        holes: Those of them whose turn is over: the trial of that number is finished.
    """

    def __init__(self, grid: Grid, forbidden: Sequence[int] = ()) -> None:
        self._grid = grid
        self.untried = Urn(grid.n)
        self.holes = Urn()
        for position in forbidden:
            self.untried.discard(position)
        self._n_failures: dict[int, int] = {}
        self._n_seen = 0

    def advance(self, history: History, n: int) -> None:
        for row in range(self._n_seen, n):
            _, system_attrs = history.row_attrs.get(row, ({}, {}))
            items = history.tree.layouts[history.layout.data[row]].items
            params = {
                name: items[name][1].external(history.tree.columns[name].data[row])
                for name in self._grid.values
                if name in items
            }
            state = history.state.data[row]
            if state == TrialState.COMPLETE:
                positions = self._grid.positions(params)
            else:
                positions = [position] if (position := self._grid.position(params)) >= 0 else []
            if not positions and DEFAULTS_KEY not in system_attrs:
                positions = [position] if (position := self._grid.claim_of(system_attrs)) >= 0 else []
            for position in positions:
                self._add(position, failed=state == TrialState.FAIL)
            number = int(history.number.data[row])
            if number in self.untried:
                self.holes.add(number)
        self._n_seen = max(self._n_seen, n)

    def _add(self, position: int, *, failed: bool) -> None:
        if failed:
            self._n_failures[position] = self._n_failures.get(position, 0) + 1
            if self._n_failures[position] < _MAX_FAILURES:
                if position in self.untried:
                    self.holes.add(position)
                return
        self.untried.discard(position)
        self.holes.discard(position)


class TakenCells:
    """Which cells are tried or going to be, open trials included.

    Args:
        grid: The grid.
        finished: What finished trials have tried.
        view: Shows the open trials.

    Attributes:
        positions: Those that open trials are known to take.
        n_left: How many cells remain when every open trial has found one.
    """

    def __init__(self, grid: Grid, finished: GridTracker, view: View) -> None:
        self._grid = grid
        self._finished = finished
        self.positions: set[int] = set()
        undecided: list[int] = []
        n_late = 0  # trials whose own cell is taken, and who will yet say which other one they take
        for trial in view.open_trials:
            position = self._position_of(trial)
            if position >= 0:
                if position in self.positions and FIXED_PARAMS_KEY not in trial.system_attrs:
                    n_late += 1  # of two that claim the same, one gives way
                self.positions.add(position)
            elif FIXED_PARAMS_KEY not in trial.system_attrs:
                undecided.append(trial.number)
        for number in undecided:
            if self.is_free(number):
                self.positions.add(number)
            else:
                n_late += 1
        n_running = sum(position in finished.untried for position in self.positions)
        self.n_left = finished.untried.n_left - n_running - n_late

    def _position_of(self, trial: OpenTrial) -> int:
        suggested = {name: edge.external(trial.values[i]) for name, (i, edge) in trial.layout.items.items()}
        position = self._grid.position({**trial.system_attrs.get(FIXED_PARAMS_KEY, {}), **suggested})
        return self._grid.claim_of(trial.system_attrs) if position < 0 else position

    def is_free(self, position: int) -> bool:
        """Whether nobody has or will have tried this position."""
        return position in self._finished.untried and position not in self.positions

    def any_free(self, start: int) -> int:
        """A free position, preferably one whose turn is over; -1 if there is none. ``start`` spreads those who ask."""
        for urn in (self._finished.holes, self._finished.untried):
            for i in range(urn.n_left):  # ends with the first that no open trial has taken
                position = urn.at((start + i) % urn.n_left)
                if self.is_free(position):
                    return position
        return -1
