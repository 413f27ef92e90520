"""The array form of Parzen mixtures against the plain definition, kernel by kernel and axis by axis."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from optimist.numerics.axes import Axes
from optimist.numerics.parzen import KernelRule, ParzenMixtures, Sample, neighbour_scales

FloatArray = npt.NDArray[np.float64]

AXES = {
    "continuous": Axes(3, np.array([]), np.array([]), np.array([])),
    "coarse grid": Axes(0, np.array([2.0, 13.0, 100.0]), np.zeros(3), np.array([])),
    "fine grid": Axes(0, np.array([20_000.0, 1e9]), np.zeros(2), np.array([])),
    "logarithmic grid": Axes(0, np.array([900.0, 7.0]), np.array([1.0, 16.0]), np.array([])),
    "categorical": Axes(0, np.array([]), np.array([]), np.array([2.0, 5.0, 30.0])),
    "mixed": Axes(2, np.array([30.0, 50_000.0, 250.0]), np.array([0.0, 0.0, 8.0]), np.array([3.0, 4.0])),
}


def draw(axes: Axes, rng: np.random.Generator, n: int) -> FloatArray:
    return np.concatenate(
        [
            rng.random((axes.n_continuous, n)),
            np.floor(rng.random((len(axes.cells), n)) * axes.cells[:, None]),
            np.floor(rng.random((len(axes.n_choices), n)) * axes.n_choices[:, None]),
        ]
    )


def edges(axes: Axes, i: int, cell: float) -> tuple[float, float]:
    n, a = axes.cells[i], axes.origins[i]
    if a == 0:
        return cell / n, (cell + 1) / n
    width = math.log(a + n - 0.5) - math.log(a - 0.5)
    return tuple((math.log(a + cell + shift) - math.log(a - 0.5)) / width for shift in (-0.5, 0.5))  # type: ignore[return-value]


def position(axes: Axes, i: int, cell: float) -> float:
    n, a = axes.cells[i], axes.origins[i]
    if a == 0:
        return float((cell + 0.5) / n)
    return (math.log(a + cell) - math.log(a - 0.5)) / (math.log(a + n - 0.5) - math.log(a - 0.5))


def log_density(
    axes: Axes, points: FloatArray, weights: FloatArray, x: FloatArray, rule: KernelRule, n_observations: int
) -> float:
    """Of one mixture at one point, by the book."""
    n = points.shape[1]
    narrowest = 1 / min(100, n_observations + 2) if rule.magic_clip else 1e-6
    coordinates = np.array(
        [*points[: axes.n_continuous]]
        + [[position(axes, i, cell) for cell in points[axes.n_continuous + i]] for i in range(len(axes.cells))]
    ).reshape(axes.n_numeric, n)
    scales = neighbour_scales(coordinates, narrowest, rule.endpoints)
    kernels = [*np.arange(n), None]
    terms = []
    for k in kernels:
        log_w = math.log(rule.prior_weight if k is None and n else 1.0 if k is None else weights[k])
        total = log_w - math.log(weights.sum() + (rule.prior_weight if n else 1.0))
        for j in range(axes.n_numeric):
            mu, s = (0.5, 1.0) if k is None else (coordinates[j, k], scales[j, k])
            normal = stats.truncnorm(-mu / s, (1 - mu) / s, mu, s)
            if j < axes.n_continuous:
                total += normal.logpdf(x[j])
            else:
                left, right = edges(axes, j - axes.n_continuous, x[j])
                mass = normal.cdf(right) - normal.cdf(left) if mu > left else normal.sf(left) - normal.sf(right)
                total += math.log(max(mass, 1e-300))
        for j, n_choices in enumerate(axes.n_choices, axes.n_numeric):
            if k is None:
                total -= math.log(n_choices)
            else:
                smoothing = rule.prior_weight / (n_observations + 1)
                hit = float(points[j, k] == x[j])
                total += math.log((smoothing + hit) / (1 + n_choices * smoothing))
        terms.append(total)
    return float(np.logaddexp.reduce(terms))


@pytest.mark.parametrize("kind", AXES)
@pytest.mark.parametrize("n", [0, 1, 2, 12])
def test_densities(kind: str, n: int) -> None:
    axes, rng, rule = AXES[kind], np.random.default_rng(n), KernelRule()
    points, weights = draw(axes, rng, n), rng.random(n) + 0.1
    x = np.concatenate([draw(axes, rng, 10), points[:, :5]], axis=1)
    found = ParzenMixtures(axes, points, [Sample(weights, n)], rule).log_pdfs(x)[:, 0]
    expected = [log_density(axes, points, weights, at, rule, n) for at in x.T]
    # A fine grid uses the density at the middle of a cell; far from a kernel that is off by z^4 (width/scale)^4 / 2880.
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-5 if kind in ("fine grid", "mixed") else 1e-8)


@pytest.mark.parametrize(
    "rule", [KernelRule(0.3), KernelRule(2.0, endpoints=True), KernelRule(magic_clip=False)], ids=str
)
def test_other_rules(rule: KernelRule) -> None:
    axes, rng = AXES["mixed"], np.random.default_rng(5)
    points, weights = draw(axes, rng, 12), np.ones(12)
    x = draw(axes, rng, 10)
    found = ParzenMixtures(axes, points, [Sample(weights, 12)], rule).log_pdfs(x)[:, 0]
    assert found == pytest.approx([log_density(axes, points, weights, at, rule, 12) for at in x.T], rel=1e-6, abs=1e-5)


def test_mixtures_side_by_side_are_mixtures_alone() -> None:
    axes, rng = AXES["mixed"], np.random.default_rng(6)
    points, x = draw(axes, rng, 30), draw(axes, rng, 20)
    samples = [Sample(np.ones(7), 7), Sample(np.ones(0), 0), Sample(rng.random(23), 500, scale=0.07)]
    together = ParzenMixtures(axes, points, samples).log_pdfs(x)
    for i, part in enumerate([points[:, :7], points[:, 7:7], points[:, 7:]]):
        alone = ParzenMixtures(axes, part, [samples[i]]).log_pdfs(x)
        assert together[:, i] == pytest.approx(alone[:, 0], abs=1e-9)


@pytest.mark.parametrize("kind", ["coarse grid", "logarithmic grid", "categorical"])
@pytest.mark.parametrize("scale", [None, 0.05])
def test_probabilities_add_up_to_one(kind: str, scale: float | None) -> None:
    axes, rng = AXES[kind], np.random.default_rng(2)
    mixture = ParzenMixtures(axes, draw(axes, rng, 30), [Sample(np.ones(30), 30, scale)])
    sides = [np.arange(n) for n in [*axes.cells, *axes.n_choices]]
    every_cell = np.stack([grid.ravel() for grid in np.meshgrid(*sides)]).astype(float)
    assert np.exp(mixture.log_pdfs(every_cell)).sum() == pytest.approx(1.0, abs=1e-10)


def test_a_continuous_density_integrates_to_one() -> None:
    axes, rng = Axes(2, np.array([]), np.array([]), np.array([])), np.random.default_rng(3)
    mixture = ParzenMixtures(axes, draw(axes, rng, 12), [Sample(np.ones(12), 12)])
    middles = (np.arange(400) + 0.5) / 400
    x = np.stack([grid.ravel() for grid in np.meshgrid(middles, middles)])
    assert np.exp(mixture.log_pdfs(x)).mean() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("kind", AXES)
def test_draws_follow_the_density(kind: str) -> None:
    axes, rng = AXES[kind], np.random.default_rng(4)
    points = draw(axes, rng, 8)
    mixture = ParzenMixtures(axes, points, [Sample(np.ones(8), 8), Sample(np.ones(0), 0)])
    drawn = mixture.sample(rng.random((1 + axes.n_axes, 20_000)))
    # E[prior density / density] over draws is 1 if, and only if, the draws have that density.
    log_pdfs = mixture.log_pdfs(drawn)
    ratios = np.exp(log_pdfs[:, 1] - log_pdfs[:, 0])
    assert ratios.mean() == pytest.approx(1.0, abs=5 * ratios.std() / math.sqrt(len(ratios)))
    sides = np.concatenate([np.ones(axes.n_continuous), axes.cells - 1, axes.n_choices - 1])[:, None]
    assert np.all((drawn >= 0) & (drawn <= sides))
