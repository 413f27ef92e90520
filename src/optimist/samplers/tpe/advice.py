"""What is known beforehand, mixed into the density of good trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.history.view import View
from optimist.samplers.advice import Advice, advise
from optimist.samplers.tpe.box import Box, box_of
from optimist.search_space.space import SearchSpace

FloatArray = npt.NDArray[np.float64]

SHARE: Final = 0.25
"""Of a density with strength 1 in the mixture; all together have at most that much."""


@dataclass(frozen=True, eq=False)
class BoxAdvice:
    """Advice for one box.

    Attributes:
        box: The axes.
        advice: For a space whose order is that of the axes.
        shares: What each density of the advice has in the mixture; the good trials have the rest.
    """

    box: Box
    advice: Advice
    shares: FloatArray

    def replace(self, points: FloatArray, q: FloatArray) -> FloatArray:
        """Draw as many of the candidates (n_axes, n) from the advice as its share says, from uniform ``q`` (n_axes, n)."""
        n = points.shape[1]
        points = points.copy()
        stop = n
        for density, share in zip(self.advice.densities, self.shares, strict=True):
            start = stop - round(share * n)
            if start < stop:
                u = q[:, start:stop].T
                # One number decides on the component, one on the place, one on whether that is anywhere.
                mixed = np.concatenate([u[:, :1], u, (u * 997.0) % 1.0], axis=1)
                points[:, start:stop] = self.box.points_at(density.sample(mixed).T)
            stop = start
        return points

    def mixed(self, points: FloatArray, log_good: FloatArray) -> FloatArray:
        """(n,) the log density of good trials, the advice mixed in, at points (n_axes, n)."""
        unit = self.box.unit(points).T
        log_uniform = self.box.log_uniform(points)
        total: FloatArray = np.log1p(-self.shares.sum()) + log_good
        for density, share in zip(self.advice.densities, self.shares, strict=True):
            total = np.logaddexp(total, np.log(share) + density.log_ratio(unit) + log_uniform)
        return total


def advice_for(view: View, space: SearchSpace) -> BoxAdvice | None:
    """What is known beforehand of a space; None if that is nothing."""
    box = box_of(space)
    advice = advise(view, SearchSpace((name, space[name]) for name in box.names))
    if advice is None:
        return None
    shares = SHARE * np.minimum(np.array(advice.strengths), 1.0)
    return BoxAdvice(box, advice, shares / max(1.0, shares.sum() / SHARE))
