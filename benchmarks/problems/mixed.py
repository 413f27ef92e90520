"""Losses over spaces of mixed kinds: integers, steps, log scales, choices, and parameters that only some trials have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from problems.spaces import Choice, Parameter, Real, Space, Whole, floats

Values = Mapping[str, Any]


# Every trial has the same parameters

NETWORK: Space = (
    Parameter("rate", Real(1e-6, 1.0, log=True)),
    Parameter("width", Whole(8, 512, log=True)),
    Parameter("dropout", Real(0.0, 0.8)),
    Parameter("batch", Choice((16, 32, 64, 128, 256))),
    Parameter("activation", Choice(("relu", "gelu", "tanh", "sigmoid"))),
    Parameter("norm", Choice((False, True))),
)


def network(v: Values) -> float:
    """What training a network feels like: a sharp best learning rate that depends on the width."""
    rate, width, dropout = math.log10(v["rate"]), math.log2(v["width"]), v["dropout"]
    best_rate = -2.5 - 0.2 * (width - 5) + 0.15 * math.log2(v["batch"] / 64) + (0.5 if v["norm"] else 0)
    loss = 0.25 * abs(rate - best_rate) ** 1.5 + 0.03 * (width - 8) ** 2 + 0.5 * (dropout - 0.03 * width) ** 2
    return float(
        loss + {"relu": 0.02, "gelu": 0.0, "tanh": 0.08, "sigmoid": 0.3}[v["activation"]] - 0.05 * v["norm"] + 0.05
    )


COUNTS: Space = tuple(
    Parameter(f"n{i}", Whole(0, high, step=step))
    for i, (high, step) in enumerate([(100, 1), (100, 5), (30, 1), (30, 3), (8, 1), (8, 2)])
)


def counts(v: Values) -> float:
    """Six integers of different ranges and steps, in pairs that depend on each other."""
    n = [v[f"n{i}"] for i in range(6)]
    return float(
        abs(n[0] - 37) / 10
        + abs(n[0] + n[1] - 90) / 10
        + abs(n[2] - 22) / 3
        + abs(n[2] - n[3] - 4) / 3
        + abs(n[4] - 5)
        + abs(n[5] - 4)
    )


CHOICES: Space = tuple(Parameter(f"c{i}", Choice(tuple("abcde"))) for i in range(8))


def choices(v: Values) -> float:
    """Eight categorical parameters; neighbours interact."""
    codes = ["abcde".index(v[f"c{i}"]) for i in range(8)]
    cost = sum((7 * i + 3 * code) % 5 for i, code in enumerate(codes))
    return float(cost + sum((a + b) % 3 for a, b in pairwise(codes)) / 2)


SCHEDULE: Space = (
    Parameter("warmup", Real(0, 1, step=0.05)),
    Parameter("decay", Real(1e-8, 1e-1, log=True)),
    Parameter("momentum", Real(0.5, 0.999)),
    Parameter("restarts", Whole(0, 10)),
)


def schedule(v: Values) -> float:
    """Floats on a grid and on a log scale, with a plateau."""
    restarts = v["restarts"]
    penalty = (
        abs(math.log10(v["decay"]) + 4 + restarts / 5) + 8 * abs(v["warmup"] - 0.15) + 20 * (v["momentum"] - 0.93) ** 2
    )
    return float(max(penalty, 0.05) + 0.01 * restarts)


TURNED: Space = (
    *floats("x0 x1 x2 x3", -1, 1),
    Parameter("mode", Choice(("plain", "left", "right", "mirror", "none", "far"))),
    Parameter("level", Whole(1, 12)),
)


def turned(v: Values) -> float:
    """A bowl whose place and axes depend on a choice; one of the others is nearly as good."""
    i = ("plain", "left", "right", "mirror", "none", "far").index(v["mode"])
    centre = np.array([math.sin(1.7 * i + j) for j in range(4)]) * 0.6
    x = np.array([v[f"x{j}"] for j in range(4)]) - centre
    angle = 0.5 * i
    a = math.cos(angle) * x[0] + math.sin(angle) * x[1]
    b = -math.sin(angle) * x[0] + math.cos(angle) * x[1]
    offset = (0.5, 0.0, 0.8, 0.04, 1.5, 0.3)[i]
    return float(a**2 + 20 * b**2 + 3 * abs(x[2]) + x[3] ** 2 + offset + 0.1 * abs(v["level"] - 3 - i) + 0.01)


LATTICE: Space = (
    *(Parameter(f"b{i}", Choice((False, True))) for i in range(10)),
    *(Parameter(f"k{i}", Whole(0, 15)) for i in range(4)),
)


def lattice(v: Values) -> float:
    """Ten switches, of which neighbours go together, and four integers that are worth something with some switches only."""
    b = [bool(v[f"b{i}"]) for i in range(10)]
    loss = sum(1.0 - 0.5 * (p and not q) - 0.8 * (p and q and i % 3 == 0) for i, (p, q) in enumerate(pairwise(b)))
    for i in range(4):
        best = 3 * i + (4 if b[2 * i] else 1)
        loss += (0.05 if b[2 * i + 1] else 0.15) * abs(v[f"k{i}"] - best)
    return float(loss)


REGULARISED: Space = (
    *floats("l1 l2 l3", 1e-8, 1e2, log=True),
    Parameter("kind", Choice(("ridge", "lasso", "both"))),
    Parameter("order", Whole(1, 64, log=True)),
    Parameter("share", Real(0, 1, step=0.1)),
)


def regularised(v: Values) -> float:
    """Ten decades of each of three penalties, of which one hardly matters, beside an order that trades with them."""
    l1, l2, l3 = (math.log10(v[name]) for name in ("l1", "l2", "l3"))
    order, share = math.log2(v["order"]), v["share"]
    weight = {"ridge": (0.1, 1.0), "lasso": (1.0, 0.1), "both": (0.6, 0.6)}[v["kind"]]
    bias = weight[0] * math.log1p((l1 + 3 - 0.5 * order) ** 2) + weight[1] * math.log1p((l2 + 1 - 0.7 * order) ** 2)
    return float(bias + 0.08 * (order - 4) ** 2 + 0.6 * (share - 0.3) ** 2 + 0.02 * abs(l3 + 2) / 5 + 0.02)


# Parameters that only some trials have

PIPELINE: Space = (
    Parameter(
        "model",
        Choice(("svm", "forest", "net")),
        {
            "svm": (Parameter("c", Real(1e-3, 1e3, log=True)), Parameter("gamma", Real(1e-5, 1e1, log=True))),
            "forest": (Parameter("depth", Whole(1, 30)), Parameter("leaf", Whole(1, 20))),
            "net": (Parameter("rate", Real(1e-5, 1.0, log=True)), Parameter("width", Whole(8, 256, log=True))),
        },
    ),
)


def pipeline(v: Values) -> float:
    """Three models with parameters of their own."""
    if v["model"] == "svm":
        c, gamma = math.log10(v["c"]), math.log10(v["gamma"])
        return 0.12 + 0.02 * (c - 1) ** 2 + 0.03 * (gamma + 2 - c / 3) ** 2
    if v["model"] == "forest":
        return float(0.15 + 0.0006 * (v["depth"] - 18) ** 2 + 0.004 * (v["leaf"] - 2))
    return 0.08 + 0.06 * (math.log10(v["rate"]) + 3) ** 2 + 0.05 * abs(math.log2(v["width"]) - 6.5)


def _layer(i: int) -> Space:
    return (
        Parameter(f"width{i}", Whole(4, 256, log=True)),
        Parameter(
            f"has_dropout{i}", Choice((False, True)), {True: (Parameter(f"dropout{i}", Real(0, 0.9)),)}
        ),
    )  # fmt: skip


_LAYERS = tuple(_layer(i) for i in range(4))
LAYERS: Space = (
    Parameter("n_layers", Whole(1, 4), {n: tuple(p for layer in _LAYERS[:n] for p in layer) for n in range(1, 5)}),
)


def layers(v: Values) -> float:
    """A number of layers, and a width and a dropout for each."""
    n_layers = v["n_layers"]
    loss = 0.3 * abs(n_layers - 3) + 0.2
    for i in range(n_layers):
        loss += 0.1 * (math.log2(v[f"width{i}"]) - (7 - i)) ** 2 / n_layers
        if v[f"has_dropout{i}"]:
            loss += (v[f"dropout{i}"] - 0.2) ** 2 - 0.05
    return float(loss)


_RATE = Parameter("rate", Real(1e-5, 10.0, log=True))
OPTIMISERS: Space = (
    Parameter(
        "optimiser",
        Choice(("sgd", "adam", "lion", "rprop")),
        {
            "sgd": (_RATE, Parameter("momentum", Real(0.0, 0.99)), Parameter("nesterov", Choice((False, True)))),
            "adam": (
                _RATE,
                Parameter("beta1", Real(0.5, 0.999)),
                Parameter("epsilon", Real(1e-10, 1e-1, log=True)),
            ),
            "lion": (_RATE, Parameter("decay", Real(1e-6, 1.0, log=True))),
        },
    ),
    Parameter("batch", Whole(8, 1024, log=True)),
    Parameter("warmup", Real(0, 0.5)),
)  # fmt: skip


def optimisers(v: Values) -> float:
    """Four optimisers: three share a learning rate, best at a place of its own for each, and have parameters of their own."""
    batch = math.log2(v["batch"] / 64)
    loss = 0.02 * batch**2 + 0.5 * (v["warmup"] - 0.1) ** 2
    if v["optimiser"] == "rprop":
        return float(loss + 0.9)
    rate = math.log10(v["rate"]) - 0.15 * batch
    if v["optimiser"] == "sgd":
        loss += 0.2 * (rate + 0.5 - 1.5 * math.log10(1.001 - v["momentum"]) - 1.5) ** 2 + 0.1 - 0.02 * v["nesterov"]
    elif v["optimiser"] == "adam":
        loss += 0.3 * (rate + 3) ** 2 + 0.8 * (v["beta1"] - 0.9) ** 2 + 0.01 * abs(math.log10(v["epsilon"]) + 8) + 0.06
    else:
        loss += 0.3 * (rate + 3.8) ** 2 + 0.03 * (math.log10(v["decay"]) + 1) ** 2 + 0.04
    return float(loss)


def _expert(i: int) -> Space:
    kinds = {
        "tree": (Parameter(f"depth{i}", Whole(1, 20)), Parameter(f"features{i}", Real(0.05, 1.0))),
        "kernel": (
            Parameter(f"gamma{i}", Real(1e-4, 1e2, log=True)),
            Parameter(f"cost{i}", Real(1e-3, 1e3, log=True)),
        ),
        "linear": (Parameter(f"penalty{i}", Real(1e-5, 1e3, log=True)),),
    }
    return (Parameter(f"kind{i}", Choice(tuple(kinds)), kinds),)


ENSEMBLE: Space = (
    *_expert(0),
    Parameter("second", Choice((False, True)), {True: (*_expert(1), Parameter("mix", Real(0, 1)))}),
)


def _expert_loss(v: Values, i: int) -> float:
    kind = v[f"kind{i}"]
    if kind == "tree":
        return float(0.20 + 0.002 * (v[f"depth{i}"] - 9) ** 2 + 0.3 * (v[f"features{i}"] - 0.4) ** 2)
    if kind == "kernel":
        gamma, cost = math.log10(v[f"gamma{i}"]), math.log10(v[f"cost{i}"])
        return 0.17 + 0.06 * (gamma + 1 + 0.5 * cost) ** 2 + 0.02 * (cost - 1) ** 2
    return 0.26 + 0.01 * (math.log10(v[f"penalty{i}"]) - 0.5) ** 2


def ensemble(v: Values) -> float:
    """One model of three kinds, or two of different kinds together, which is better."""
    first = _expert_loss(v, 0)
    if not v["second"]:
        return first
    second, mix = _expert_loss(v, 1), v["mix"]
    gain = 0.0 if v["kind0"] == v["kind1"] else 0.25 * mix * (1 - mix)
    return float((1 - mix) * first + mix * second - gain)


_STAGES = tuple(
    (
        Parameter(f"op{i}", Choice(("none", "conv", "pool", "attend")), {
            "conv": (Parameter(f"kernel{i}", Whole(1, 9, step=2)), Parameter(f"channels{i}", Whole(4, 256, log=True))),
            "attend": (Parameter(f"heads{i}", Whole(1, 8)),),
        }),
    )
    for i in range(5)
)  # fmt: skip
STAGES: Space = (
    Parameter("n_stages", Whole(1, 5), {n: tuple(p for stage in _STAGES[:n] for p in stage) for n in range(1, 6)}),
    Parameter("rate", Real(1e-5, 1e-1, log=True)),
)


def stages(v: Values) -> float:
    """Up to five stages, each of four kinds with parameters of its own; what is good depends on the stage before."""
    loss, before = 2.0, "conv"
    for i in range(v["n_stages"]):
        op = v[f"op{i}"]
        if op == "conv":
            width = math.log2(v[f"channels{i}"]) - 4 - 0.5 * i
            loss -= (0.45 if before != "conv" else 0.3) * math.exp(-0.3 * width**2 - 0.05 * (v[f"kernel{i}"] - 3) ** 2)
        elif op == "pool":
            loss -= 0.3 if before == "conv" else -0.1
        elif op == "attend":
            loss -= 0.1 * i * math.exp(-0.1 * (v[f"heads{i}"] - 4) ** 2)
        before = op
    rate = math.log10(v["rate"]) + 2 + 0.2 * v["n_stages"]
    return float(loss + 0.1 * v["n_stages"] + 0.3 * rate**2)
