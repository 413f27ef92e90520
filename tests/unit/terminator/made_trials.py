"""Complete trials made of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import optimist
from optimist.distributions import FloatDistribution
from optimist.history.records import FrozenTrial

UNIT = FloatDistribution(0, 1)


def trials_of(values: Sequence[float], **rest: Any) -> list[FrozenTrial]:
    """Trials numbered from 0, without parameters."""
    study = optimist.create_study()
    study.add_trials([optimist.create_trial(value=value, **rest) for value in values])
    return study.trials


def sampled(f: Callable[[Any], float], n: int, d: int = 1, seed: int = 0) -> list[FrozenTrial]:
    """Trials at random points of the unit cube."""
    return [
        optimist.create_trial(
            params={f"x{i}": u for i, u in enumerate(point)},
            distributions={f"x{i}": UNIT for i in range(d)},
            value=f(point),
        )
        for point in np.random.default_rng(seed).random((n, d)).tolist()
    ]
