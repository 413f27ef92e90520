from __future__ import annotations

import numpy as np
import pytest

from optimist.visualization.data.parallel_coordinate import GAP_HEIGHT, parallel_coordinate
from tests.unit.visualization import studies

NAME = "Objective Value"


def test_lines_cross_the_axes_where_the_values_are() -> None:
    data = parallel_coordinate(studies.varied(), None, None, NAME)
    assert [axis.label for axis in data.axes] == [NAME, "act<i>", "lr", "width"]
    numbers = data.trials.numbers[data.rows].tolist()
    assert numbers == [0, 5, 2, 4]  # worst first; the infinite value is left out
    heights = dict(zip(numbers, data.heights.tolist(), strict=True))
    assert heights[2] == pytest.approx([(0.8 - 0.5) / 0.45, 1.0, 0.6, 8 / 56])
    assert heights[5][3] == GAP_HEIGHT  # has no width
    assert data.has_gaps
    assert numbers[data.best] == 2
    assert data.default == -1
    assert data.is_feasible.tolist() == [True, True, True, False]


def test_ranks_give_the_colour() -> None:
    data = parallel_coordinate(studies.single_parameter(), None, None, NAME)  # values 4, 1, 0, 1
    numbers = data.trials.numbers[data.rows].tolist()
    assert dict(zip(numbers, data.ranks.tolist(), strict=True)) == pytest.approx({0: 1.0, 1: 0.5, 2: 0.0, 3: 0.5})
    assert data.rank_values == (0.0, 0.75, 1.0, 1.75, 4.0)
    maximized = parallel_coordinate(studies.varied(), None, None, NAME)
    assert maximized.rank_values[0] == 0.95
    assert maximized.rank_values[-1] == 0.5


def test_several_objectives_have_an_axis_each() -> None:
    data = parallel_coordinate(studies.multi_objective(), ["lr"], None, NAME)
    assert [axis.label for axis in data.axes] == ["Objective Value 0", "Objective Value 1", "lr"]
    assert data.best == -1


def test_at_most_1000_lines_with_the_best_and_the_defaults() -> None:
    data = parallel_coordinate(studies.large(1500), None, None, NAME)
    assert 1000 <= len(data.rows) <= 1002
    losses = data.trials.values[data.rows, 0]
    assert (np.diff(losses) <= 0).all()
    assert data.best == len(data.rows) - 1


def test_nothing_to_draw_is_said() -> None:
    assert parallel_coordinate(studies.empty(), None, None, NAME).heading.message == "The study has no trials yet."
    assert (
        parallel_coordinate(studies.no_parameters(), None, None, NAME).heading.message
        == "The trials have no parameters."
    )
    with pytest.raises(ValueError, match="parameter 'zzz'"):
        parallel_coordinate(studies.varied(), ["zzz"], None, NAME)
