"""Crossovers and mutations: their laws at fixed parents, by moments over many draws, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import optimist
from optimist.samplers import nsgaii

PARENTS = np.array([[0.2, 0.3, 0.6], [0.5, 0.4, 0.2], [0.7, 0.9, 0.5]])
BOUNDS = np.tile([0.0, 1.0], (3, 1))
N_DRAWS = 4000


def children(crossover: nsgaii.BaseCrossover, parents: np.ndarray = PARENTS, n_objectives: int = 2) -> np.ndarray:
    study = optimist.create_study(directions=["minimize"] * n_objectives)
    rng = np.random.RandomState(1)
    parents = parents[: crossover.n_parents]
    return np.array([crossover.crossover(parents, rng, study, BOUNDS) for _ in range(N_DRAWS)])


def test_uniform_takes_each_gene_from_a_parent() -> None:
    found = children(nsgaii.UniformCrossover(swapping_prob=0.2))
    from_first = found == PARENTS[0]
    assert np.all(from_first | (found == PARENTS[1]))
    assert from_first.mean(axis=0) == pytest.approx([0.2] * 3, abs=0.03)


def test_blx_alpha_is_uniform_on_the_lengthened_interval() -> None:
    found = children(nsgaii.BLXAlphaCrossover(alpha=0.25))
    low, high = PARENTS[:2].min(axis=0), PARENTS[:2].max(axis=0)
    width = high - low
    assert np.all((found >= low - 0.25 * width) & (found <= high + 0.25 * width))
    assert found.std(axis=0) == pytest.approx(1.5 * width / np.sqrt(12), rel=0.05)


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_sbx_stays_within_bounds_and_near_the_parents(n_objectives: int) -> None:
    found = children(nsgaii.SBXCrossover(), n_objectives=n_objectives)
    assert np.all((found >= 0.0) & (found <= 1.0))
    distance = np.abs(found[:, None] - PARENTS[None, :2]).min(axis=1)
    assert distance[:, 0].mean() < (0.06 if n_objectives == 1 else 0.015)  # a larger eta is closer


def test_sbx_of_equal_parents_is_their_copy() -> None:
    twins = np.array([[0.0, 0.5, 1.0]] * 2)
    assert np.allclose(children(nsgaii.SBXCrossover(), twins), twins[0])


def test_vsbx_lies_on_both_sides_of_a_parent_wherever_the_origin_is() -> None:
    crossover = nsgaii.VSBXCrossover(use_child_gene_prob=1.0, uniform_crossover_prob=0.0, eta=20.0)
    found = children(crossover)
    first = found[np.abs(found[:, 0] - 0.2) < 0.15]
    assert 0.4 < (first[:, 0] < 0.2).mean() < 0.6
    moved = children(crossover, PARENTS + 100.0)
    assert moved - 100.0 == pytest.approx(found, abs=1e-9)


def test_spx_keeps_the_centre() -> None:
    found = children(nsgaii.SPXCrossover())
    assert found.mean(axis=0) == pytest.approx(PARENTS.mean(axis=0), abs=0.02)
    spread = np.sqrt(((PARENTS - PARENTS.mean(axis=0)) ** 2).sum(axis=0) / 12)  # of a uniform draw from a triangle
    assert found.std(axis=0) == pytest.approx(np.sqrt(5) * spread, rel=0.05)
    shrunk = children(nsgaii.SPXCrossover(epsilon=0.0))
    assert np.allclose(shrunk, PARENTS.mean(axis=0))


def test_undx_is_normal_about_the_midpoint() -> None:
    found = children(nsgaii.UNDXCrossover(sigma_eta=0.0))
    along = PARENTS[1] - PARENTS[0]
    midpoint = PARENTS[:2].mean(axis=0)
    steps = (found - midpoint) @ along / (along @ along)
    assert np.allclose(found, midpoint + steps[:, None] * along)
    assert steps.std() == pytest.approx(0.5, rel=0.05)
    across = children(nsgaii.UNDXCrossover(sigma_xi=0.0)) - midpoint
    assert np.allclose(across @ along, 0.0)
    assert np.allclose(children(nsgaii.UNDXCrossover(), np.array([PARENTS[0]] * 3)), PARENTS[0])


def test_polynomial_mutation_makes_small_changes_within_bounds() -> None:
    study, rng, mutation = optimist.create_study(), np.random.RandomState(0), nsgaii.PolynomialMutation()
    for param in (0.0, 0.1, 0.5, 1.0):
        found = np.array([mutation.mutation(param, rng, study, np.array([0.0, 1.0])) for _ in range(1000)])
        assert np.all((found >= 0.0) & (found <= 1.0))
        assert 0.01 < np.abs(found - param).mean() < 0.07
    assert mutation.mutation(3.0, rng, study, np.array([3.0, 3.0])) == 3.0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("UniformCrossover", {"swapping_prob": 1.5}),
        ("SBXCrossover", {"eta": -1.0}),
        ("SBXCrossover", {"uniform_crossover_prob": -0.1}),
        ("VSBXCrossover", {"use_child_gene_prob": 0.0}),
        ("PolynomialMutation", {"eta": -1.0}),
    ],
)
def test_arguments_that_make_no_sense(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        getattr(nsgaii, name)(**arguments)
