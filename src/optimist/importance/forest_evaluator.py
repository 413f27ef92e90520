"""What the evaluators that ask a random forest have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from optimist.history.protocols import StudyLike
from optimist.importance.base import Target, by_importance
from optimist.importance.estimates import Resampled, ResamplingEvaluator
from optimist.importance.surrogate import Surrogate, fit_surrogate
from optimist.numerics.forest import Forest

FloatArray = npt.NDArray[np.float64]


class ForestEvaluator(ResamplingEvaluator):
    """Fits a forest to the trials, and averages what its trees say.

    Args:
        n_trees: Number of trees.
        max_depth: How many splits may lie above a leaf.
        seed: Of the forest; None for another one each time.

    Raises:
        ValueError: ``n_trees`` or ``max_depth`` is below 1.
    """

    def __init__(self, *, n_trees: int = 64, max_depth: int = 64, seed: int | None = None) -> None:
        for argument, value in (("n_trees", n_trees), ("max_depth", max_depth)):
            if value < 1:
                raise ValueError(f"{type(self).__name__} needs {argument} of at least 1, but got {value!r}.")
        self._n_trees, self._max_depth, self._seed = n_trees, max_depth, seed

    @abstractmethod
    def shares(self, forest: Forest, groups: Sequence[slice]) -> FloatArray:
        """Say what each group of columns matters to each tree: (n_trees, n_groups), NaN rows for trees without splits."""

    def evaluate(
        self, study: StudyLike, params: list[str] | None = None, *, target: Target | None = None
    ) -> dict[str, float]:
        return self._resample(study, params, target, self._seed).values

    def resample(
        self, study: StudyLike, params: list[str] | None, target: Target | None, rng: np.random.Generator
    ) -> Resampled:
        seed = int(rng.integers(2**32)) if self._seed is None else self._seed
        return self._resample(study, params, target, seed)

    def _resample(
        self, study: StudyLike, params: list[str] | None, target: Target | None, seed: int | None
    ) -> Resampled:
        surrogate = fit_surrogate(study, params, target, self._n_trees, self._max_depth, seed)
        names = surrogate.names
        if surrogate.forest is None:
            return Resampled(dict.fromkeys(names, 0.0), np.zeros((0, len(names))), 1.0)
        shares = self.shares(surrogate.forest, list(surrogate.groups.values()))
        shares = shares[~np.isnan(shares[:, 0])]
        draws = np.zeros((len(shares), len(names)))
        draws[:, [names.index(name) for name in surrogate.groups]] = shares
        means = draws.mean(axis=0) if len(draws) else np.zeros(len(names))
        values = by_importance(dict(zip(names, means.tolist(), strict=True)))
        return Resampled(values, draws[:, [names.index(name) for name in values]], jackknife_scale(surrogate))


def jackknife_scale(surrogate: Surrogate) -> float:
    """Return the factor from the deviation over trees to a standard error: sqrt(s / (1 - s)).

    Each tree sees another share s of the trials, so this is a delete-d jackknife, whose deviation is scaled like that
    (Shao and Wu 1989, doi:10.1214/aos/1176347263). It errs to the large side, for trees differ from each other by chance
    as well.
    """
    seen = surrogate.share_seen
    return math.sqrt(seen / (1.0 - seen)) if seen < 1.0 else 1.0
