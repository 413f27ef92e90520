"""Features: distances between trials, of numbers, choices and conditional parameters."""

from __future__ import annotations

import numpy as np
import pytest

from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.samplers.gp.domain import Domain, hull
from optimist.search_space.space import SearchSpace

SPACE = SearchSpace(
    {
        "c": CategoricalDistribution(["a", "b", "c"]),
        "n": IntDistribution(0, 4),
        "r": FloatDistribution(1e-4, 1.0, log=True),
        "w": IntDistribution(1, 100, log=True),
    }
)
ALL = np.ones((2, 4), np.bool_)


def domain(*optional: str) -> Domain:
    return Domain(SPACE, frozenset(optional))


def points(**columns: list[float]) -> np.ndarray:
    return domain().encoding.encode({name: np.array(column) for name, column in columns.items()})


def test_numbers_reach_from_zero_to_one() -> None:
    x = domain().features(points(c=[0, 2], n=[0, 4], r=[1e-4, 1.0], w=[1, 100]), ALL)
    np.testing.assert_allclose(x[:, 3:], [[0, 0, 0], [1, 1, 1]], atol=1e-12)


def test_two_choices_are_a_quarter_of_a_range_apart() -> None:
    x = domain().features(points(c=[0, 2], n=[1, 1], r=[0.1, 0.1], w=[5, 5]), ALL)
    assert np.linalg.norm(x[0] - x[1]) == pytest.approx(0.25)
    assert domain().groups.tolist() == [0, 0, 0, 1, 2, 3]


def test_what_is_inactive_in_both_is_no_difference() -> None:
    mask = ALL.copy()
    mask[:, [0, 2]] = False
    x = domain("c", "r").features(points(c=[0, 2], n=[1, 1], r=[0.001, 0.1], w=[5, 5]), mask)
    np.testing.assert_array_equal(x[0], x[1])


def test_what_is_inactive_in_one_is_in_the_middle() -> None:
    mask = ALL.copy()
    mask[1, [0, 1]] = False
    x = domain("c", "n").features(points(c=[1, 1], n=[0, 0], r=[0.1, 0.1], w=[5, 5]), mask)
    assert np.abs(x[0] - x[1])[3] == pytest.approx(0.5)
    assert np.linalg.norm((x[0] - x[1])[:3]) == pytest.approx(0.25 * np.sqrt(0.5))


def test_back_from_features_numbers_exist() -> None:
    start = points(c=[1, 1], n=[2, 2], r=[0.1, 0.1], w=[5, 5])
    x = domain().features(start, ALL)
    x[0, 3:] = [0.3, 0.5, 0.52]
    moved = domain().points(x, start, ALL)
    np.testing.assert_allclose(moved[1], start[1])
    assert domain().values(moved[0]) == {"c": 1, "n": 1, "r": pytest.approx(0.01), "w": 10}


def test_what_may_move() -> None:
    mask = ALL.copy()
    mask[1, 2] = False
    assert domain().movable(mask).tolist() == [
        [False, False, False, True, True, True],
        [False, False, False, True, False, True],
    ]


def test_hull() -> None:
    assert hull([IntDistribution(0, 4), IntDistribution(0, 4)]) == IntDistribution(0, 4)
    assert hull([IntDistribution(0, 4, step=2), IntDistribution(3, 9)]) == IntDistribution(0, 9)
    assert hull([IntDistribution(1, 4, log=True), IntDistribution(2, 9, log=True)]) == IntDistribution(1, 9, log=True)
    assert hull([FloatDistribution(1, 4, log=True), FloatDistribution(0, 2)]) == FloatDistribution(0, 4)
    assert hull([FloatDistribution(0, 1, step=0.5), FloatDistribution(0, 2, step=0.1)]) == FloatDistribution(0, 2)
