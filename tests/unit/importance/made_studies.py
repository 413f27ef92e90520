"""Studies of complete trials, made of parameters and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import optimist
from optimist.distributions import BaseDistribution, FloatDistribution

UNIT = FloatDistribution(0, 1)
Row = tuple[dict[str, Any], list[float]]
"""The parameters of a trial, and its values."""


def study_of(
    rows: list[Row], space: dict[str, BaseDistribution] | None = None, directions: Sequence[str] = ()
) -> optimist.Study:
    """A study of complete trials; parameters that ``space`` does not name are floats in the unit interval."""
    study = optimist.create_study(directions=directions or ["minimize"] * len(rows[0][1]))
    study.add_trials(
        [
            optimist.create_trial(
                params=params, distributions={n: (space or {}).get(n, UNIT) for n in params}, values=values
            )
            for params, values in rows
        ]
    )
    return study


def uniform_rows(n: int = 200, seed: int = 0) -> list[dict[str, Any]]:
    """Random parameters x and y."""
    return [{"x": x, "y": y} for x, y in np.random.default_rng(seed).random((n, 2)).tolist()]
