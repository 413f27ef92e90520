"""Losses of twenty and forty parameters, of which many hardly matter, as in large models."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from problems.spaces import Choice, Parameter, Real, Space, Whole, floats, numbered

Values = Mapping[str, Any]


def _column(v: Values, n: int) -> np.ndarray:
    return np.array([v[f"x{i}"] for i in range(n)])


def additive(n: int, seed: int) -> tuple[Space, Callable[[Values], float]]:
    """A sum of one curve for each float, of very different weight, and a few products of neighbours."""
    rng = np.random.default_rng(seed)
    centre, weight = rng.uniform(-0.7, 0.7, n), 10.0 ** rng.uniform(-2.5, 0, n)

    def loss(v: Values) -> float:
        x = _column(v, n) - centre
        return float((weight * np.abs(x) ** 1.5).sum() + 0.3 * (weight[1:] * (x[1:] * x[:-1]) ** 2).sum())

    return numbered(n, -1, 1), loss


def hidden(n: int, d: int, seed: int) -> tuple[Space, Callable[[Values], float]]:
    """A rotated valley in a few of many floats; the others do nothing."""
    rng = np.random.default_rng(seed)
    matters = rng.permutation(n)[:d]
    centre = rng.uniform(-2, 2, d)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]

    def loss(v: Values) -> float:
        z = turn @ (_column(v, n)[matters] - centre)
        return float(np.log1p((10.0 ** (2 * np.arange(d) / (d - 1)) * z**2).sum()))

    return numbered(n, -5, 5), loss


DEEP: Space = (
    *floats("rate decay clip noise", 1e-6, 1.0, log=True),
    *(Parameter(f"width{i}", Whole(8, 1024, log=True)) for i in range(6)),
    *(Parameter(f"drop{i}", Real(0, 0.9)) for i in range(6)),
    *(Parameter(f"act{i}", Choice(("relu", "gelu", "tanh"))) for i in range(3)),
    Parameter("norm", Choice(("none", "batch", "layer", "group"))),
)


def deep(v: Values) -> float:
    """Twenty hyperparameters of a network of six layers: the rate matters most, some not at all."""
    rate, decay, clip = (math.log10(v[name]) for name in ("rate", "decay", "clip"))
    width = np.log2([v[f"width{i}"] for i in range(6)])
    drop = np.array([v[f"drop{i}"] for i in range(6)])
    act = [("relu", "gelu", "tanh").index(v[f"act{i}"]) for i in range(3)]
    norm = ("none", "batch", "layer", "group").index(v["norm"])
    best_rate = -2.2 - 0.15 * (width.mean() - 6) + (0.0, 0.6, 0.4, 0.5)[norm]
    loss = 0.35 * min(abs(rate - best_rate), 2.5) ** 1.4 + 0.02 * (decay + 4) ** 2 + 0.004 * abs(clip)
    loss += 0.02 * ((width - np.array([9, 9, 8, 8, 7, 6])) ** 2).mean() + 0.3 * ((drop - 0.03 * width) ** 2).mean()
    return float(loss + 0.03 * sum(a != (i + 1) % 3 for i, a in enumerate(act)) + (0.12, 0.0, 0.02, 0.05)[norm])


CONTROL: Space = (
    *numbered(14, -1, 1),
    *(Parameter(f"n{i}", Whole(0, 20)) for i in range(4)),
    *(Parameter(f"c{i}", Choice(tuple("pqrs"))) for i in range(2)),
)


def control(v: Values) -> float:
    """Fourteen gains of a simulated damped chain, four integers and two choices: the cost of bringing it to rest."""
    gains = _column(v, 14)
    position, speed = np.array([1.0, -0.5, 0.8, -1.0, 0.3, 0.6, -0.2]), np.zeros(7)
    stiffness = 0.2 + 0.05 * abs(v["n0"] - 8) + 0.04 * abs(v["n1"] - 3)
    damping = {"p": 0.02, "q": 0.15, "r": 0.3, "s": 0.05}[v["c0"]]
    cost = 0.05 * abs(v["n2"] - 15) + 0.02 * v["n3"] + {"p": 0.3, "q": 0.0, "r": 0.1, "s": 0.5}[v["c1"]]
    for _ in range(40):
        force = -2.0 * (gains[:7] + 0.5) * position - 2.0 * (gains[7:] + 0.3) * speed
        pull = np.diff(position, prepend=0.0, append=0.0)
        speed = speed + 0.1 * (force + stiffness * np.diff(pull) - damping * speed)
        position = np.clip(position + 0.1 * speed, -10, 10)
        cost += 0.02 * float((position**2).sum() + 0.1 * (force**2).sum())
    return float(math.log1p(cost))
