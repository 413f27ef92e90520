"""What suites try samplers on: spaces, objectives, and histories to go on from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.records import FrozenTrial, create_trial
from optimist.states import TrialState
from optimist.study.live_trial import Trial

Space = Mapping[str, BaseDistribution]

INF, NAN = math.inf, math.nan

# Spaces

FINITE: Space = {
    "x": IntDistribution(0, 4),
    "y": FloatDistribution(0, 1, step=0.25),
    "kind": CategoricalDistribution(["a", "b", "c", None]),
}
CONTINUOUS: Space = {
    "x": FloatDistribution(-5, 5),
    "lr": FloatDistribution(1e-6, 1.0, log=True),
    "n": IntDistribution(1, 10**6, log=True),
    "kind": CategoricalDistribution(["a", "b", "c", None]),
}
LARGE: Space = {"x": IntDistribution(0, 10**9), "y": FloatDistribution(0, 1, step=1e-6)}
SMALL: Space = {"x": IntDistribution(1, 4), "kind": CategoricalDistribution(["a", "b", "c"])}
ALL_SMALL = [{"x": x, "kind": kind} for x in range(1, 5) for kind in ("a", "b", "c")]
CONDITIONAL: Space = {
    "kind": CategoricalDistribution(["tree", "net"]),
    "depth": IntDistribution(1, 20),
    "rate": FloatDistribution(0.5, 8, step=0.5),
    "width": IntDistribution(1, 4),
}

SPACES: dict[str, Space] = {
    "nothing": {},
    "float": {"x": FloatDistribution(-5, 5)},
    "log float": {"x": FloatDistribution(1e-8, 1e3, log=True)},
    "widest float": {"x": FloatDistribution(-1.7e308, 1.7e308)},
    "widest log float": {"x": FloatDistribution(5e-324, 1.7e308, log=True)},
    "narrow float": {"x": FloatDistribution(1.0, 1.0 + 1e-12), "y": FloatDistribution(1.0, math.nextafter(1.0, 2.0))},
    "narrow log float": {"x": FloatDistribution(1.0, math.nextafter(1.0, 2.0), log=True)},
    "step": {"x": FloatDistribution(-1, 1, step=0.25), "y": FloatDistribution(0, 0.7, step=0.1)},
    "tiny step": {"x": FloatDistribution(0, 1, step=1e-7)},
    "tiniest step": {"x": FloatDistribution(0, 1, step=1e-17)},
    "wide steps": {"x": FloatDistribution(-1.6e308, 1.6e308, step=1e307)},
    "int": {"n": IntDistribution(-3, 8)},
    "int with step": {"n": IntDistribution(-50, 48, step=7)},
    "two ints": {"n": IntDistribution(0, 1), "m": IntDistribution(2**62, 2**62 + 1)},
    "log int": {"n": IntDistribution(1, 10**9, log=True), "m": IntDistribution(1, 2, log=True)},
    "widest int": {"n": IntDistribution(-(2**63), 2**63 - 1)},
    "widest log int": {"n": IntDistribution(1, 2**63 - 1, log=True)},
    "many choices": {"c": CategoricalDistribution(list(range(100)))},
    "odd choices": {"c": CategoricalDistribution([None, True, 1.5, "1", math.nan, "", math.inf])},
    "two choices": {"c": CategoricalDistribution([True, False])},
    "ordered choices": {
        "size": CategoricalDistribution(["small", "medium", "large"], ordered=True),
        "depth": CategoricalDistribution([2**i for i in range(40)], ordered=True),
        "kind": CategoricalDistribution(["a", "b"]),
    },
    "single values": {"a": FloatDistribution(2, 2), "b": IntDistribution(3, 3), "c": CategoricalDistribution(["only"])},
    "single values beside others": {
        "a": FloatDistribution(2, 2, log=True),
        "x": IntDistribution(1, 50),
        "b": IntDistribution(3, 3),
        "y": FloatDistribution(0, 1, step=0.05),
        "c": CategoricalDistribution(["only"]),
    },
    "mixed": {**CONTINUOUS, **FINITE},
    "many parameters": {f"p{i}": FloatDistribution(0, 1) for i in range(40)},
    "odd names": {"": IntDistribution(0, 9), "a b": IntDistribution(0, 9), "ü/{}%s": IntDistribution(0, 9)},
}


# Histories to go on from, in the space FINITE


def _trial(
    state: TrialState = TrialState.COMPLETE, value: float | None = 0.5, k: int = 0, **options: Any
) -> FrozenTrial:
    params = {"x": k % 5, "y": 0.25 * (k % 4), "kind": ["a", "b", "c", None][k % 3]}
    has_value = state == TrialState.COMPLETE
    return create_trial(
        state=state, value=value if has_value else None, params=params, distributions=dict(FINITE), **options
    )


def _several(state: TrialState, value: float | None = 0.5, n: int = 12, **options: Any) -> list[FrozenTrial]:
    return [_trial(state, value, k, **options) for k in range(n)]


HISTORIES: dict[str, Callable[[], list[FrozenTrial]]] = {
    "one trial": lambda: [_trial()],
    "equal trials": lambda: [_trial() for _ in range(12)],
    "equal values": lambda: _several(TrialState.COMPLETE),
    "infinite values": lambda: _several(TrialState.COMPLETE, INF) + _several(TrialState.COMPLETE, -INF),
    "one finite value": lambda: [*_several(TrialState.COMPLETE, INF), _trial(value=0.0)],
    "failed trials only": lambda: _several(TrialState.FAIL),
    "pruned trials only": lambda: _several(TrialState.PRUNED),
    "pruned trials with reports": lambda: [
        _trial(TrialState.PRUNED, k=k, intermediate_values={k % 3: [NAN, INF, -INF, 1.0][k % 4]}) for k in range(12)
    ],
    "running trials": lambda: _several(TrialState.RUNNING),
    "running trials with reports": lambda: [
        *_several(TrialState.COMPLETE), *_several(TrialState.RUNNING, intermediate_values={0: NAN, 1: 1.0})
    ],
    "other parameters": lambda: [
        create_trial(value=k / 12, params={"other": k / 12}, distributions={"other": FloatDistribution(0, 1)})
        for k in range(12)
    ],
    "no parameters": lambda: [create_trial(value=float(k)) for k in range(12)],
    "other ranges": lambda: [
        create_trial(value=k / 12, params={"x": 10 * k, "y": k / 12, "kind": "a"}, distributions=_OTHER_RANGES)
        for k in range(12)
    ],
    "infeasible trials": lambda: _several(TrialState.COMPLETE, constraints={"c": 1.0}),
    "some without constraints": lambda: [
        *_several(TrialState.COMPLETE, constraints={"c": -1.0}), *_several(TrialState.COMPLETE)
    ],
    "infinite constraints": lambda: _several(TrialState.COMPLETE, constraints={"c": INF, "d": -INF}),
}  # fmt: skip

_OTHER_RANGES: dict[str, BaseDistribution] = {
    "x": IntDistribution(0, 1000),
    "y": FloatDistribution(0, 1),
    "kind": FINITE["kind"],
}


# Objectives


def suggest(trial: Trial, name: str, distribution: BaseDistribution) -> Any:
    """Ask for a parameter as an objective does."""
    if isinstance(distribution, FloatDistribution):
        low, high, log, step = distribution.low, distribution.high, distribution.log, distribution.step
        return trial.suggest_float(name, low, high, log=log, step=step)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    assert isinstance(distribution, CategoricalDistribution)
    return trial.suggest_categorical(name, distribution.choices, ordered=distribution.ordered)


def loss(params: Mapping[str, Any], space: Space) -> float:
    """A number between 0 and 1 that is smallest three tenths into each range."""
    return sum((position(params[name], space[name]) - 0.3) ** 2 for name in params) / max(len(params), 1)


def position(value: Any, distribution: BaseDistribution) -> float:
    """Where in its range a value lies, from 0 to 1."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.to_internal_repr(value) / len(distribution.choices)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    if distribution.single():
        return 0.0
    if isinstance(distribution, IntDistribution):
        return float((value - distribution.low) / (distribution.high - distribution.low))
    return float((value / 2 - distribution.low / 2) / (distribution.high / 2 - distribution.low / 2))


def loss_in(space: Space) -> Callable[[Trial], float]:
    """The objective that asks for a whole space."""
    return lambda trial: loss({name: suggest(trial, name, d) for name, d in space.items()}, space)


def conditional(trial: Trial) -> float:
    """An objective with two branches that share a parameter name with neither."""
    if suggest(trial, "kind", CONDITIONAL["kind"]) == "tree":
        return float(suggest(trial, "depth", CONDITIONAL["depth"]))
    return float(suggest(trial, "rate", CONDITIONAL["rate"]) + suggest(trial, "width", CONDITIONAL["width"]))
