"""What may be proposed in a finite space: the cells that no other trial has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from optimist.history.cells import TriedCells
from optimist.history.layout import internal_value
from optimist.history.view import View
from optimist.search_space.quantile import quantile_function
from optimist.search_space.space import SearchSpace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_N_DRAWS = 64


class Untried:
    """The untried cells of a finite space, with some of its parameters fixed.

    Args:
        tried: The cells of the whole space.
        space: The whole space.
        fixed: Internal values of parameters that are not up to the model: those with a single value, and pinned ones.
        make_rng: Makes the generator of random cells.

    Attributes:
        names: The parameters that are up to the model.
    """

    def __init__(
        self,
        tried: TriedCells,
        space: SearchSpace,
        fixed: Mapping[str, Any],
        make_rng: Callable[[], np.random.Generator],
    ) -> None:
        self._tried = tried
        self._fixed = fixed
        self._make_rng = make_rng
        self.names = space.keys() - fixed.keys()

    def contains(self, values: Mapping[str, Any]) -> bool:
        """Whether the cell with these internal values (and the fixed ones) is untried, and it is its turn."""
        row = {**self._fixed, **values}
        return not self._tried.contains(row) and not self._tried.comes_last(row)

    def draw(self) -> dict[str, Any] | None:
        """A random untried cell; None if there seems to be none."""
        columns = self.sample()
        return {name: columns[name][0].item() for name in self.names} if columns else None

    def sample(self) -> dict[str, NDArray[Any]]:
        """Columns of up to 64 random untried cells; empty if there seem to be none."""
        import numpy as np

        columns = self._tried.sample(self._make_rng(), _N_DRAWS)
        n = len(next(iter(columns.values())))
        for name, value in self._fixed.items():
            columns[name] = np.full(n, value)
        left = np.flatnonzero(~self._tried.mask(columns))
        return {name: columns[name][left] for name in self.names} if len(left) else {}


def untried_cells(view: View, pinned: Mapping[str, Any], make_rng: Callable[[], np.random.Generator]) -> Untried | None:
    """What is left of the study's space; None if there is no end to it, or nothing left.

    Args:
        view: The history.
        pinned: Values, as the user sees them, of parameters that are the same in every trial.
        make_rng: Makes the generator of random cells, should they be needed.
    """
    space = view.finite_space
    if space is None:
        return None
    tried = view.tried_cells(space)
    if not tried.n_left:
        return None
    fixed = {name: quantile_function(d)(0.0) for name, d in space.items() if d.single()}
    for name in pinned.keys() & space.keys():
        try:
            fixed[name] = internal_value(space[name], pinned[name])
        except (TypeError, ValueError):  # it is no value of the parameter, so every cell is new
            return None
    return Untried(tried, space, fixed, make_rng)
