"""Searches by different libraries on the problems of ``benchmarks/problems``: the loss of each trial, in order.

Every contender has its library's defaults but for the seed. Where a library wants the whole space at once, it gets it: as a
tree if it knows trees, else flat, and what a trial does not have is left out of it.
"""

from __future__ import annotations

import importlib
import logging
import math
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from problems import Problem
from problems.spaces import Choice, Parameter, Real, Space, Whole, active, conditions, flat

Search = Callable[[Problem, int, int], list[float]]


class _Recorder:
    """A problem's loss, with a list of what it returned."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.losses: list[float] = []

    def objective(self, trial: Any) -> float:
        return self._note(self._problem.objective(trial))

    def loss(self, values: Mapping[str, Any]) -> float:
        return self._note(self._problem.loss(values))

    def _note(self, loss: float) -> float:
        self.losses.append(loss)
        return loss


def _with_sampler(library_name: str, sampler_name: str, **options: Any) -> Search:
    """A library that has Optuna's interface."""

    def search(problem: Problem, seed: int, n_trials: int) -> list[float]:
        library = importlib.import_module(library_name)
        if hasattr(library, "logging"):
            library.logging.set_verbosity(library.logging.ERROR)
        recorder = _Recorder(problem)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of experimental samplers
            study = library.create_study(sampler=getattr(library.samplers, sampler_name)(seed=seed, **options))
            study.optimize(recorder.objective, n_trials=n_trials)
        return recorder.losses

    return search


def _in_flight(sampler_name: str, n_in_flight: int) -> Search:
    """Ours, with so many trials always running: each begins before the latest of them are told."""

    def search(problem: Problem, seed: int, n_trials: int) -> list[float]:
        import optimist

        optimist.logging.set_verbosity(optimist.logging.ERROR)
        study = optimist.create_study(sampler=getattr(optimist.samplers, sampler_name)(seed=seed))
        losses: list[float] = []
        running: deque[tuple[Any, float]] = deque()
        for _ in range(n_trials):
            trial = study.ask()
            running.append((trial, problem.objective(trial)))
            if len(running) == n_in_flight:
                losses.append(_tell(study, *running.popleft()))
        return losses + [_tell(study, *each) for each in running]

    return search


def _tell(study: Any, trial: Any, loss: float) -> float:
    study.tell(trial, loss)
    return loss


# hyperopt: trees of expressions


def _hyperopt_space(space: Space) -> dict[str, Any]:
    from hyperopt import hp
    from hyperopt.pyll import scope

    nodes: dict[str, Any] = {}

    def node(parameter: Parameter) -> Any:
        name, domain = parameter.name, parameter.domain
        if name in nodes:
            return nodes[name]
        if parameter.below:
            assert isinstance(domain, (Choice, Whole))
            options = domain.options if isinstance(domain, Choice) else range(domain.low, domain.high + 1)
            found = hp.choice(
                name, [{"value": v, **{p.name: node(p) for p in parameter.below.get(v, ())}} for v in options]
            )
        elif isinstance(domain, Choice):
            found = hp.choice(name, list(domain.options))
        elif isinstance(domain, Whole):
            low, high = domain.low - 0.4999, domain.high + 0.4999
            if domain.log:
                found = scope.int(hp.qloguniform(name, math.log(max(low, 0.5001)), math.log(high), 1))
            elif domain.step > 1:
                found = scope.int(hp.quniform(name, domain.low, domain.high, domain.step))
            else:
                found = hp.uniformint(name, domain.low, domain.high)
        elif domain.step:
            found = hp.quniform(name, domain.low, domain.high, domain.step)
        elif domain.log:
            found = hp.loguniform(name, math.log(domain.low), math.log(domain.high))
        else:
            found = hp.uniform(name, domain.low, domain.high)
        nodes[name] = found
        return found

    return {parameter.name: node(parameter) for parameter in space}


def _hyperopt_values(space: Space, given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in space:
        inside, domain = given[parameter.name], parameter.domain
        value = inside["value"] if parameter.below else inside
        if isinstance(domain, Real | Whole):
            if isinstance(domain, Whole) and domain.step > 1:
                value = domain.low + domain.step * round((value - domain.low) / domain.step)
            value = min(max(value, domain.low), domain.high)
        values[parameter.name] = value
        if parameter.below:
            values.update(_hyperopt_values(parameter.below.get(value, ()), inside))
    return values


def _hyperopt(problem: Problem, seed: int, n_trials: int) -> list[float]:
    import hyperopt

    logging.getLogger("hyperopt").setLevel(logging.ERROR)
    recorder = _Recorder(problem)
    hyperopt.fmin(
        lambda given: recorder.loss(_hyperopt_values(problem.space, given)),
        _hyperopt_space(problem.space),
        algo=hyperopt.tpe.suggest,
        max_evals=n_trials,
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )
    return recorder.losses


# nevergrad: a flat dictionary


def _ngopt(problem: Problem, seed: int, n_trials: int) -> list[float]:
    import nevergrad as ng

    parameters: dict[str, Any] = {}
    for name, parameter in flat(problem.space).items():
        domain = parameter.domain
        if isinstance(domain, Choice):
            parameters[name] = ng.p.Choice(list(domain.options))
        elif isinstance(domain, Whole):
            n_steps = (domain.high - domain.low) // domain.step
            if domain.log:
                scalar: Any = ng.p.Log(lower=domain.low, upper=domain.high)
            else:
                scalar = ng.p.Scalar(lower=0, upper=max(n_steps, 1))
            parameters[name] = scalar.set_integer_casting()
        elif domain.log:
            parameters[name] = ng.p.Log(lower=domain.low, upper=domain.high)
        else:
            parameters[name] = ng.p.Scalar(lower=domain.low, upper=domain.high)

    def values(given: Mapping[str, Any]) -> dict[str, Any]:
        read = dict(given)
        for name, parameter in flat(problem.space).items():
            domain = parameter.domain
            if isinstance(domain, Whole):
                value = int(given[name]) if domain.log else domain.low + domain.step * int(given[name])
                read[name] = min(max(value, domain.low), domain.high)
            elif isinstance(domain, Real) and domain.step:
                read[name] = domain.low + domain.step * round((given[name] - domain.low) / domain.step)
        return active(problem.space, read)

    recorder = _Recorder(problem)
    space = ng.p.Dict(**parameters)
    space.random_state.seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer = ng.optimizers.NGOpt(space, budget=n_trials, num_workers=1)
        for _ in range(n_trials):
            candidate = optimizer.ask()
            optimizer.tell(candidate, recorder.loss(values(candidate.value)))
    return recorder.losses


# HEBO: a flat table


def _decoded(domain: Real | Whole | Choice, value: Any) -> Any:
    """The value behind one of a table that has names for choices, and places for integers on a linear scale."""
    if isinstance(domain, Choice):
        return {str(option): option for option in domain.options}[str(value)]
    if isinstance(domain, Whole):
        return int(value) if domain.log else domain.low + domain.step * int(value)
    if domain.step:
        return domain.low + domain.step * round((value - domain.low) / domain.step)
    return float(value)


def _hebo(problem: Problem, seed: int, n_trials: int) -> list[float]:
    import torch
    from hebo.design_space.design_space import DesignSpace
    from hebo.optimizers.hebo import HEBO

    rows: list[dict[str, Any]] = []
    for name, parameter in flat(problem.space).items():
        domain = parameter.domain
        if isinstance(domain, Choice):
            rows.append({"name": name, "type": "cat", "categories": [str(option) for option in domain.options]})
        elif isinstance(domain, Whole):
            kind = "pow_int" if domain.log else "int"
            high = domain.high if domain.log else (domain.high - domain.low) // domain.step
            rows.append({"name": name, "type": kind, "lb": domain.low if domain.log else 0, "ub": high})
        else:
            rows.append({"name": name, "type": "pow" if domain.log else "num", "lb": domain.low, "ub": domain.high})

    def values(row: Mapping[str, Any]) -> dict[str, Any]:
        parameters = flat(problem.space)
        return active(problem.space, {name: _decoded(p.domain, row[name]) for name, p in parameters.items()})

    torch.set_num_threads(1)
    np.random.seed(seed)  # noqa: NPY002 - HEBO draws from it
    torch.manual_seed(seed)
    recorder = _Recorder(problem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer = HEBO(DesignSpace().parse(rows), scramble_seed=seed)
        for _ in range(n_trials):
            table = optimizer.suggest(1)
            loss = recorder.loss(values(table.iloc[0].to_dict()))
            optimizer.observe(table, np.array([[loss]]))
    return recorder.losses


# SMAC3: a configuration space with conditions


def _smac(problem: Problem, seed: int, n_trials: int) -> list[float]:
    import tempfile

    import ConfigSpace
    from smac import HyperparameterOptimizationFacade, Scenario

    space = ConfigSpace.ConfigurationSpace(seed=seed)
    made: dict[str, Any] = {}
    for name, parameter in flat(problem.space).items():
        domain = parameter.domain
        if isinstance(domain, Choice):
            made[name] = ConfigSpace.CategoricalHyperparameter(name, [str(option) for option in domain.options])
        elif isinstance(domain, Whole):
            n_steps = (domain.high - domain.low) // domain.step
            bounds = (domain.low, domain.high) if domain.log else (0, n_steps)
            made[name] = ConfigSpace.UniformIntegerHyperparameter(name, *bounds, log=domain.log)
        else:
            made[name] = ConfigSpace.UniformFloatHyperparameter(name, domain.low, domain.high, log=domain.log)
    space.add(list(made.values()))
    for child, parent, found in conditions(problem.space):
        domain = flat(problem.space)[parent].domain
        if isinstance(domain, Choice):
            when: list[Any] = [str(value) for value in found]
        else:
            assert isinstance(domain, Whole)
            when = found if domain.log else [(value - domain.low) // domain.step for value in found]
        space.add(ConfigSpace.InCondition(made[child], made[parent], when))

    def values(configuration: Any) -> dict[str, Any]:
        parameters = flat(problem.space)
        return {name: _decoded(parameters[name].domain, value) for name, value in dict(configuration).items()}

    logging.getLogger("smac").setLevel(logging.ERROR)
    recorder = _Recorder(problem)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = Scenario(space, deterministic=True, n_trials=n_trials, seed=seed, output_directory=folder)
        smac = HyperparameterOptimizationFacade(
            scenario,
            lambda configuration, seed: recorder.loss(values(configuration)),  # noqa: ARG005 - by this name
            logging_level=40,
        )
        smac.optimize()
    return recorder.losses[:n_trials]


CONTENDERS: dict[str, Search] = {
    "random": _with_sampler("optimist", "RandomSampler"),
    "optimist": _with_sampler("optimist", "AutoSampler"),
    "optimist-tpe": _with_sampler("optimist", "TPESampler"),
    "optimist-gp": _with_sampler("optimist", "GPSampler"),
    "optimist-cma": _with_sampler("optimist", "CmaEsSampler"),
    "optimist-8": _in_flight("AutoSampler", 8),
    "optimist-tpe-8": _in_flight("TPESampler", 8),
    "optimist-gp-8": _in_flight("GPSampler", 8),
    "optuna-tpe": _with_sampler("optuna", "TPESampler"),
    "optuna-gp": _with_sampler("optuna", "GPSampler"),
    "optuna-cma": _with_sampler("optuna", "CmaEsSampler"),
    "rustuna": _with_sampler("rustuna", "TPESampler"),
    "hyperopt": _hyperopt,
    "ngopt": _ngopt,
    "hebo": _hebo,
    "smac": _smac,
}
"""By name; the first is what the others are measured from."""

OURS = tuple(name for name in CONTENDERS if name.startswith("optimist"))
SLOW = ("hebo", "smac")
"""Measured on a smaller set."""
