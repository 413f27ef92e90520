"""What prior knowledge brings: a good and a wrong default=, and warm starts from related and from unrelated studies.

    python benchmarks/prior_knowledge.py            # all of it, some twenty minutes
    python benchmarks/prior_knowledge.py --quick    # TPE, a few seeds

Six problems of the development half; each study has the full budget of 60 trials. A score is (what random search finds with
the whole budget - the best so far) / (the same - a reference), clipped to [-1, 1]; the reference is the best that long runs
found. What is told is the mean over problems and seeds of the score with the knowledge minus that without, with the same
sampler and seed, and its 95% interval (bootstrap over seeds within problems).

- A *good* default is the best point of a long run, each parameter moved by up to a tenth of its range.
- A *wrong* one is what nine out of ten random points beat.
- A *related* study has the same loss, with another offset for each parameter (a fifteenth of its range), and 40 trials.
- An *unrelated* study has the same space and a loss that has nothing to do with this one.

Of either there are four for each problem, in turn for the seeds: one alone may have ended in a branch that is not the best.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from problems import PROBLEMS, Problem
from problems.spaces import Choice, Parameter, Real, Whole

import optimist
from optimist.samplers import AutoSampler, BaseSampler, GPSampler, RandomSampler, TPESampler

NAMES = ("network", "schedule", "pipeline", "layers", "f8-5d", "f6-5d")
N_TRIALS = 60
QUARTER = N_TRIALS // 4
N_EARLIER = 4

Values = Mapping[str, Any]
Objective = Callable[[optimist.Trial], float]


def ask(trial: optimist.Trial, parameter: Parameter, default: Any, confidence: Any) -> Any:
    """Suggest one parameter, with a recommended value if there is one."""
    name, domain = parameter.name, parameter.domain
    extra: dict[str, Any] = {} if default is None else {"default": default, "confidence": confidence}
    if isinstance(domain, Real):
        return trial.suggest_float(name, domain.low, domain.high, log=domain.log, step=domain.step, **extra)
    if isinstance(domain, Whole):
        return trial.suggest_int(name, domain.low, domain.high, log=domain.log, step=domain.step, **extra)
    return trial.suggest_categorical(name, domain.options, **extra)


def objective_of(
    problem: Problem, defaults: Values, confidence: Any = None, loss: Callable[[Values], float] | None = None
) -> Objective:
    """The objective of a problem that recommends values."""

    def objective(trial: optimist.Trial) -> float:
        values: dict[str, Any] = {}
        todo = list(problem.space)
        while todo:
            parameter = todo.pop(0)
            values[parameter.name] = ask(trial, parameter, defaults.get(parameter.name), confidence)
            todo = [*parameter.below.get(values[parameter.name], ()), *todo]
        value = (loss or problem.loss)(values)
        return float(np.log10(value + 1e-8)) if problem.is_regret and loss is None else value

    return objective


def parameters(problem: Problem) -> dict[str, Parameter]:
    """All parameters by name, those of branches included."""
    found: dict[str, Parameter] = {}
    todo = list(problem.space)
    while todo:
        parameter = todo.pop(0)
        found[parameter.name] = parameter
        todo += [below for space in parameter.below.values() for below in space]
    return found


def moved(value: Any, parameter: Parameter, by: float) -> Any:
    """A value moved by a share of its range, on its scale; choices stay."""
    domain = parameter.domain
    if isinstance(domain, Choice):
        return value
    log = domain.log
    low, high, at = (np.log(x) if log else float(x) for x in (domain.low, domain.high, value))
    at = min(max(at + by * (high - low), low), high)
    new = float(np.exp(at)) if log else float(at)
    if isinstance(domain, Whole):
        steps = round((new - domain.low) / domain.step)
        return int(min(domain.low + steps * domain.step, domain.high - (domain.high - domain.low) % domain.step))
    if domain.step is not None:
        return float(domain.low + round((new - domain.low) / domain.step) * domain.step)
    return min(max(new, domain.low), domain.high)


def shifted(problem: Problem, rng: random.Random) -> Callable[[Values], float]:
    """A related loss."""
    offsets = {name: rng.choice([-1, 1]) / 15 for name in parameters(problem)}
    known = parameters(problem)

    def loss(values: Values) -> float:
        value = problem.loss({n: moved(v, known[n], offsets[n]) for n, v in values.items()})
        return float(np.log10(value + 1e-8)) if problem.is_regret else value

    return loss


def unrelated(problem: Problem, rng: random.Random) -> Callable[[Values], float]:
    """A loss that is least somewhere else."""
    known = parameters(problem)
    centres = {name: rng.random() for name in known}

    def loss(values: Values) -> float:
        total = 0.0
        for name, value in values.items():
            domain = known[name].domain
            if isinstance(domain, Choice):
                total += 0.2 * (domain.options.index(value) != int(centres[name] * len(domain.options)))
                continue
            low, high, at = (np.log(x) if domain.log else float(x) for x in (domain.low, domain.high, value))
            total += ((at - low) / (high - low) - centres[name]) ** 2
        return float(total)

    return loss


def run(objective: Objective, sampler: BaseSampler, n_trials: int, warm: optimist.Study | None = None) -> list[float]:
    """The best value after each trial."""
    study = optimist.create_study(sampler=sampler, warm_start_from=[] if warm is None else [warm])
    study.optimize(objective, n_trials=n_trials)
    best = np.minimum.accumulate([t.value if t.value is not None else np.inf for t in study.trials])
    return [float(v) for v in best]


class Measured:
    """One problem: its scale, and the points that defaults are made of."""

    def __init__(self, problem: Problem, quick: bool) -> None:
        self.problem = problem
        plain = objective_of(problem, {})
        finals = [run(plain, RandomSampler(seed=1000 + seed), N_TRIALS)[-1] for seed in range(21)]
        self.random = statistics.median(finals)
        best: optimist.Study | None = None
        for sampler, n in ((GPSampler(seed=77), 60 if quick else 300), (TPESampler(seed=77), 1500 if quick else 3000)):
            study = optimist.create_study(sampler=sampler)
            study.optimize(plain, n_trials=n)
            if best is None or study.best_value < best.best_value:
                best = study
        assert best is not None
        self.reference = best.best_value
        known = parameters(problem)
        rng = random.Random(5)
        self.good = {n: moved(v, known[n], rng.uniform(-0.1, 0.1)) for n, v in best.best_params.items()}
        study = optimist.create_study(sampler=RandomSampler(seed=4))
        study.optimize(plain, n_trials=200)
        trials = sorted(study.trials, key=lambda t: np.inf if t.value is None else t.value)
        self.wrong = trials[180].params
        self.related = [self._earlier(shifted(problem, random.Random(11 + i)), 3 + i) for i in range(N_EARLIER)]
        self.unrelated = [self._earlier(unrelated(problem, random.Random(12 + i)), 3 + i) for i in range(N_EARLIER)]

    def _earlier(self, loss: Callable[[Values], float], seed: int) -> optimist.Study:
        study = optimist.create_study(sampler=TPESampler(seed=seed))
        study.optimize(objective_of(self.problem, {}, loss=loss), n_trials=40)
        return study

    def score(self, value: float) -> float:
        """The score of a best value."""
        return float(np.clip((self.random - value) / (self.random - self.reference), -1.0, 1.0))


def arms(measured: Measured, confidence: Any) -> dict[str, tuple[Objective, list[optimist.Study]]]:
    """What is compared: the objective, and the studies to start from in turn."""
    problem = measured.problem
    plain = objective_of(problem, {})
    return {
        "nothing": (plain, []),
        "good default": (objective_of(problem, measured.good, confidence), []),
        "wrong default": (objective_of(problem, measured.wrong, confidence), []),
        "good default, 0": (objective_of(problem, measured.good, 0), []),
        "wrong default, 0": (objective_of(problem, measured.wrong, 0), []),
        "good default, high": (objective_of(problem, measured.good, "high"), []),
        "wrong default, high": (objective_of(problem, measured.wrong, "high"), []),
        "related study": (plain, measured.related),
        "unrelated study": (plain, measured.unrelated),
    }


def interval(differences: list[list[float]]) -> tuple[float, float, float]:
    """The mean over problems of means over seeds, and its 95% interval."""
    rng = np.random.default_rng(0)
    means = [np.mean([np.mean(rng.choice(d, len(d))) for d in differences]) for _ in range(4000)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.mean([np.mean(d) for d in differences])), float(low), float(high)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=None)
    parser.add_argument("--samplers", nargs="*", default=None)
    parser.add_argument("--problems", nargs="*", default=list(NAMES))
    parser.add_argument("--arms", nargs="*", default=None)
    arguments = parser.parse_args()
    optimist.logging.set_verbosity(optimist.logging.ERROR)
    makers: dict[str, Callable[..., BaseSampler]] = {"TPESampler": TPESampler, "AutoSampler": AutoSampler}
    names = arguments.samplers or (["TPESampler"] if arguments.quick else list(makers))
    n_seeds = arguments.seeds or (5 if arguments.quick else 12)
    measured = {name: Measured(PROBLEMS[name], arguments.quick) for name in arguments.problems}
    for sampler in names:
        differences: dict[str, dict[int, list[list[float]]]] = {}
        scores: dict[str, dict[int, list[float]]] = {}
        began = time.perf_counter()
        for m in measured.values():
            found: dict[str, list[list[float]]] = {}
            for arm, (objective, earlier) in arms(m, None).items():
                if arguments.arms and arm != "nothing" and arm not in arguments.arms:
                    continue
                warm: list[optimist.Study | None] = [*earlier] or [None]
                found[arm] = [
                    [m.score(v) for v in run(objective, makers[sampler](seed=seed), N_TRIALS, warm[seed % len(warm)])]
                    for seed in range(n_seeds)
                ]
            for arm, curves in found.items():
                for at in (QUARTER, N_TRIALS):
                    pairs = [c[at - 1] - p[at - 1] for c, p in zip(curves, found["nothing"], strict=True)]
                    differences.setdefault(arm, {}).setdefault(at, []).append(pairs)
                    scores.setdefault(arm, {}).setdefault(at, []).append(float(np.mean([c[at - 1] for c in curves])))
        print(f"{sampler}, {n_seeds} seeds, {len(measured)} problems, {time.perf_counter() - began:.0f} s")
        for arm, by_time in differences.items():
            cells = []
            for at, found_pairs in by_time.items():
                mean, low, high = interval(found_pairs)
                cells.append(f"after {at}: {np.mean(scores[arm][at]):+.2f}  ({mean:+.3f} [{low:+.3f}, {high:+.3f}])")
            print(f"  {arm:22}" + "   ".join(cells))
            for at in by_time:
                print(
                    f"      {at:3} " + " ".join(f"{n}:{s:+.2f}" for n, s in zip(measured, scores[arm][at], strict=True))
                )


if __name__ == "__main__":
    main()
