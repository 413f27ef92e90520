"""One run of CMA-ES in the unit cube: the only place that touches the library ``cmaes``.

Legend   m (d,) mean    sigma step size    C (d, d) covariance    A (d,) what the margin widens steps by
         x (n, d) points    y = (x - m) / sigma    z = C^(-1/2) y

The library tells its runs of points that it sampled itself. Ours are whatever trials finished: queued ones, those of
other samplers, those sampled a generation ago by a slow worker. They are injected as Hansen 2011 (Injecting external
solutions into CMA-ES, arXiv:1110.4181) says: a step longer than the distribution makes likely is shortened.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from optimist.exceptions import MissingDependencyError

FloatArray = npt.NDArray[np.float64]

_LEAST_TAIL: Final = 1e-12


@dataclass(frozen=True)
class Start:
    """Where a run starts.

    Attributes:
        mean: (d,), within the unit cube.
        sigma: The step size.
        cov: (d, d), positive definite; None for the identity.
    """

    mean: FloatArray
    sigma: float
    cov: FloatArray | None = None


@dataclass(frozen=True)
class Variant:
    """Which CMA-ES.

    Attributes:
        separable: The covariance is diagonal: cheaper, and faster where parameters do not interact.
        lr_adapt: The learning rate adapts, for noisy and multimodal objectives.
        steps: (d,) width of the cells of discrete parameters, 0 for continuous ones; None without the margin.
    """

    separable: bool = False
    lr_adapt: bool = False
    steps: tuple[float, ...] | None = None


class Engine:
    """A run.

    Args:
        start: Where it starts.
        variant: Which kind.
        popsize: How many points make a generation; None: 4 + 3 ln d.

    Raises:
        MissingDependencyError: ``cmaes`` is not installed.
    """

    def __init__(self, start: Start, variant: Variant, popsize: int | None) -> None:
        library = load_library()
        d = len(start.mean)
        bounds = np.tile([0.0, 1.0], (d, 1))
        self._steps = np.zeros(d) if variant.steps is None else np.array(variant.steps)
        self._discrete = np.flatnonzero(self._steps)
        options: dict[str, Any] = {"mean": start.mean.copy(), "sigma": start.sigma, "population_size": popsize}
        if len(self._discrete):
            half = 0.5 * self._steps[:, None]
            inner = bounds + np.hstack([half, -half])  # the margin counts from the centres of cells
            self._run = library.CMAwM(**options, bounds=inner, steps=self._steps, cov=start.cov)
            self._cma = self._run._cma  # noqa: SLF001  (here and below: the library shows neither C nor sigma)
        elif variant.separable and d > 1:
            self._run = self._cma = library.SepCMA(**options, bounds=bounds)
        else:
            self._run = self._cma = library.CMA(**options, bounds=bounds, cov=start.cov, lr_adapt=variant.lr_adapt)

    @property
    def popsize(self) -> int:
        """How many points make a generation."""
        return int(self._run.population_size)

    def copy(self) -> Engine:
        """A run that goes on from here by itself."""
        return copy.deepcopy(self)

    def ask(self, seed: int) -> FloatArray:
        """Sample a point (d,) of the unit cube; the same one for the same seed."""
        self._run.reseed_rng(seed)
        point: FloatArray = self._run.ask()[0] if len(self._discrete) else self._run.ask()
        return point

    def tell(self, points: FloatArray, losses: FloatArray, uniforms: FloatArray) -> None:
        """Learn from a generation.

        Args:
            points: (popsize, d)
            losses: (popsize,), minimised, finite.
            uniforms: (popsize, d) in (0, 1): a discrete value stands for its whole cell; they say for which point.
        """
        points = self._shorten(self._spread(points, uniforms))
        self._run.tell([(point, float(loss)) for point, loss in zip(points, losses, strict=True)])

    @property
    def has_converged(self) -> bool:
        """Whether there is nothing more to find where it is."""
        return bool(self._run.should_stop())

    def _scales(self) -> FloatArray:
        """(d,) standard deviation of each parameter."""
        C = self._cma._C  # noqa: SLF001
        scales: FloatArray = self._cma._sigma * np.sqrt(C if C.ndim == 1 else np.diag(C))  # noqa: SLF001
        return scales

    def _spread(self, points: FloatArray, uniforms: FloatArray) -> FloatArray:
        """Turn discrete values back into points such as were sampled before they were snapped to their cells.

        That point is not kept with the trial. Its law is known: normal, cut to the cell.
        """
        i = self._discrete
        if not len(i):
            return points
        mean, scale, A = self._cma._mean[i], self._scales()[i], self._run._A[i]  # noqa: SLF001
        values, half = points[:, i], 0.5 * self._steps[i]
        lower = np.where(values - half < 0.25 * half, -np.inf, values - half)  # the outer cells have no outer end
        upper = np.where(values + half > 1.0 - 0.25 * half, np.inf, values + half)
        tails = ndtr((lower - mean) / (A * scale)), ndtr((upper - mean) / (A * scale))  # A widens steps about the mean
        quantile = np.clip(tails[0] + uniforms[:, i] * (tails[1] - tails[0]), _LEAST_TAIL, 1.0 - _LEAST_TAIL)
        raw = points.copy()
        raw[:, i] = mean + scale * ndtri(quantile)
        return raw

    def _shorten(self, points: FloatArray) -> FloatArray:
        m, sigma, C = self._cma._mean, self._cma._sigma, self._cma._C  # noqa: SLF001
        y = (points - m) / sigma
        if C.ndim == 1:
            z = y / np.sqrt(C)
        else:
            B, D = self._cma._eigen_decomposition()  # noqa: SLF001
            z = y @ B / D
        d = points.shape[1]
        longest = math.sqrt(d) + 2.0 * d / (d + 2.0)  # table 1 there
        length = np.sqrt((z**2).sum(axis=1))
        return np.asarray(m + sigma * y * np.minimum(1.0, longest / np.maximum(length, 1e-300))[:, None])


def load_library() -> Any:
    """Return the module ``cmaes``.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import cmaes  # an optional library
    except ImportError as error:
        raise MissingDependencyError(
            "CmaEsSampler needs cmaes, which is not installed. Install it with: pip install 'optimist[cmaes]'"
        ) from error
    return cmaes


def promising_start(points: FloatArray, losses: FloatArray) -> Start:
    """Start where another search found its best tenth: their mean and covariance.

    Args:
        points: (n, d) of the other search, n >= 1.
        losses: (n,)

    Source: Nomura et al. 2021, Warm starting CMA-ES for hyperparameter optimization, arXiv:2012.06932.
    """
    d = points.shape[1]
    n_best = max(len(points) // 10, 1)
    best = points[np.argsort(losses, kind="stable")[:n_best]]
    mean = best.mean(axis=0)
    cov = 0.1**2 * np.eye(d) + (best - mean).T @ (best - mean) / n_best  # alpha and gamma are 0.1 there
    sigma = math.exp(np.linalg.slogdet(cov)[1] / (2.0 * d))  # the size, so that the shape has determinant 1
    return Start(mean, sigma, cov / sigma**2)
