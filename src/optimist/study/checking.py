"""Check: run an objective a few times on a study that is thrown away, and say what should be changed first.

The first run takes the recommended values, as the first trial of a study does. If time is left, a second one with the same
values tells whether the objective is deterministic; if it is, each parameter is changed alone, at most twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from optimist.analysis.objective_check import CheckFinding, ObjectiveCheck, check_space, plan_text, range_text
from optimist.distributions import BaseDistribution
from optimist.exceptions import TrialPruned
from optimist.execution.memory import show_bytes
from optimist.pruners.base import BasePruner
from optimist.pruners.nop import NopPruner
from optimist.search_space.quantile import quantile_function
from optimist.states import TrialState
from optimist.study.findings import Findings
from optimist.study.optimize import LoopStudy
from optimist.study.outcome import outcome_of
from optimist.study.plan import Objective
from optimist.study.watched_trial import MemoryPeak, Usage, WatchedConstrainedTrial, WatchedTrial

_ORDER: Final = {"problem": 0, "warning": 1, "note": 2}
_MUCH_PICKLED: Final = 50_000_000
_PLACES: Final = (0.5, 0.9, 0.1, 0.3, 0.7)  # quantiles to change a parameter to


class ScratchStudy(LoopStudy, Protocol):
    """The study that is thrown away."""

    def enqueue_trial(self, params: dict[str, Any]) -> None: ...
    def tell(self, trial: int, values: Any = None, state: TrialState | None = None) -> Any: ...


@dataclass
class _Run:
    """One run of the objective: what it used, what came of it, and how long it took."""

    usage: Usage
    params: dict[str, Any]
    result: Any
    reports: dict[int, float]
    seconds: float
    problem: str = ""
    was_pruned: bool = False

    def is_like(self, other: _Run) -> bool:
        """Whether the result and all that was reported are the same."""
        return (self.result, self.reports, self.problem) == (other.result, other.reports, other.problem)


class Checker:
    """One check.

    Args:
        study: The real study, which is only looked at.
        scratch: An empty study with the same directions.
        objective: What to check.
        n_trials: How many trials are planned; None if that is not known.
        workers: How many processes shall run them; None for this one.
        max_seconds: No further run begins that would likely end later.
    """

    def __init__(
        self,
        study: Findings,
        pruner: BasePruner,
        scratch: ScratchStudy,
        objective: Objective,
        n_trials: int | None,
        workers: int | None,
        max_seconds: float,
    ) -> None:
        self._study = study
        self._pruner = pruner
        self._scratch = scratch
        self._objective = objective
        self._n_trials = n_trials
        self._workers = workers
        self._deadline = time.monotonic() + max_seconds
        self._runs: list[_Run] = []
        self._findings: list[CheckFinding] = []
        self._effects: dict[str, bool | None] = {}

    def check(self) -> ObjectiveCheck:
        """Run the objective, and look at what it did."""
        with MemoryPeak() as peak:
            first = self._run({})
        self._look_at_result(first)
        self._look_at_reports(first)
        if not first.problem:
            self._look_at_effects(first)
        distributions = {name: d for run in self._runs for name, d in run.usage.distributions.items()}
        self._findings += check_space(distributions)
        self._look_at_ranges(distributions)
        n_workers = max(1, (os.cpu_count() or 1) if self._workers == -1 else self._workers or 1)
        seconds = sum(run.seconds for run in self._runs) / len(self._runs)
        self._say("note", "duration", plan_text(seconds, self._n_trials, n_workers))
        self._look_at_memory(peak.n_bytes, n_workers)
        if self._workers is not None:
            self._look_at_pickling()
        return ObjectiveCheck(
            tuple(sorted(self._findings, key=lambda finding: _ORDER[finding.severity])),
            distributions,
            first.params,
            {name: self._effects.get(name) for name in distributions},
            len(self._runs),
            seconds,
            peak.n_bytes,
            self._n_trials,
            n_workers,
        )

    def _say(self, severity: Any, code: str, text: str, parameter: str = "") -> None:
        self._findings.append(CheckFinding(severity, code, text, parameter))

    def _run(self, params: dict[str, Any]) -> _Run:
        scratch = self._scratch
        if params:
            scratch.enqueue_trial(params)
        several = len(self._study.directions) > 1
        kind = WatchedTrial if scratch.constraint is None else WatchedConstrainedTrial
        trial = kind(
            scratch,
            scratch.ledger.begin(),
            can_be_pruned=not several or getattr(self._pruner, "judges_several", False),
        )
        problem, result, was_pruned = "", None, False
        scratch.in_loop.is_set = True  # the objective may call study.stop()
        began = time.perf_counter()
        try:
            result = self._objective(trial)
        except TrialPruned:
            was_pruned = True
        except Exception as error:  # noqa: BLE001  whatever it is, the user shall read of it
            problem = f"it raised {type(error).__name__}: {error}"
        finally:
            seconds = time.perf_counter() - began
            scratch.in_loop.is_set = False
        if not problem and not was_pruned:
            problem = outcome_of(trial.draft, result, None, len(self._study.directions)).problem
        run = _Run(trial.usage, trial.params, result, dict(trial.draft.reports), seconds, problem, was_pruned)
        scratch.tell(trial.number, state=TrialState.FAIL)
        scratch.checkpoints.discard(trial.draft, ran_here=False)
        self._runs.append(run)
        return run

    def _may_run(self) -> bool:
        return time.monotonic() + max(run.seconds for run in self._runs) <= self._deadline

    def _look_at_result(self, run: _Run) -> None:
        if run.problem:
            self._say("problem", "failed", f"The trial failed: {run.problem.rstrip('.')}.")
        elif run.was_pruned:
            self._say("note", "pruned", "The objective raised TrialPruned of its own accord.")
        elif any(abs(value) == float("inf") for value in _floats(run.result)):
            self._say("warning", "infinite", f"The objective returned {run.result}, which no model can learn from.")
        if not run.usage.distributions and not run.problem:
            self._say("problem", "no-parameters", "The objective suggests no parameter, so there is nothing to search.")

    def _look_at_reports(self, run: _Run) -> None:
        usage, pruner = run.usage, type(self._pruner).__name__
        if usage.nan_steps:
            self._say("warning", "nan-reported", f"The objective reported NaN, first at step {min(usage.nan_steps)}.")
        if isinstance(self._pruner, NopPruner):
            return
        if usage.n_reports and not usage.n_questions:
            text = (
                "The objective calls report() and never should_prune(), so that no trial is stopped early. Add after "
                "each report: if trial.should_prune(): raise optimist.TrialPruned."
            )
            self._say("warning", "never-asks", text)
        elif not usage.n_reports and not run.problem:
            text = (
                f"The study has a {pruner}, but the objective never calls report(), so that no trial is stopped early. If "
                "it trains in steps, report after each; if not, pass pruner=NopPruner() to say so."
            )
            self._say("warning", "never-reports", text)

    def _look_at_effects(self, first: _Run) -> None:
        if not self._may_run():
            self._say("note", "effects-not-tried", "The trial took too long to see what each parameter does.")
            return
        again = self._run(first.params)
        if not again.is_like(first):
            text = (
                f"The same parameters gave {_short(first)} and then {_short(again)}. What single parameters do cannot be "
                "told by a few runs; mind the noise when you choose a winner: study.confirm() measures it."
            )
            self._say("note", "noisy", text)
            return
        for name, distribution in first.usage.distributions.items():
            if not distribution.single():
                self._effects[name] = self._has_effect(first, name, distribution)
        without = [name for name, effect in self._effects.items() if effect is False]
        for name in without:
            text = (
                f"{name} has no effect that shows: the result stayed the same for several values of it, with the other "
                "parameters as in the first run. Is it used?"
            )
            self._say("warning", "no-effect", text, name)

    def _has_effect(self, first: _Run, name: str, distribution: BaseDistribution) -> bool | None:
        """Whether changing a parameter alone changes the result; None if there was no time to see."""
        n_alike = 0
        for value in _other_values(distribution, first.params[name]):
            if n_alike == 2 or not self._may_run():
                break
            params = {**first.params, name: value}
            if self._scratch.constraint is not None and self._scratch.constraint.judge(params) is False:
                continue
            run = self._run(params)
            if run.problem:
                self._say("warning", "fails-elsewhere", f"With {name}={value!r}, {run.problem.rstrip('.')}.", name)
            if not run.is_like(first):
                return True
            n_alike += 1
        is_all = n_alike == 2 or n_alike == sum(1 for _ in _other_values(distribution, first.params[name]))
        return False if is_all else None

    def _look_at_ranges(self, distributions: dict[str, BaseDistribution]) -> None:
        tree = self._study.ledger.history.tree
        for name, distribution in distributions.items():
            known = tree.kind(name)
            if known is not None and type(known) is not type(distribution):
                text = f"{name} is {distribution} here, but {known} in the trials that study {self._study.study_name!r} has."
                self._say("problem", "other-kind", text, name)
            ranges = dict.fromkeys(r.usage.distributions[name] for r in self._runs if name in r.usage.distributions)
            if len(ranges) > 1:
                text = f"The range of {name} differs between trials: {'; '.join(map(range_text, ranges))}."
                self._say("note", "moving-range", text, name)
        for name, other in {n: d for run in self._runs for n, d in run.usage.contradictions.items()}.items():
            text = (
                f"{name} is suggested twice in one trial, from {range_text(distributions[name])} and from "
                f"{range_text(other)}; the second call gets the value of the first. Use two names."
            )
            self._say("warning", "suggested-twice", text, name)

    def _look_at_memory(self, peak: int | None, n_workers: int) -> None:
        if peak is None:
            return
        in_all = peak * n_workers
        side = f", {n_workers} workers up to {show_bytes(in_all)}" if n_workers > 1 else ""
        available = _available_bytes()
        if available is not None and in_all > available:
            text = f"A trial held up to {show_bytes(peak)}{side}; this machine has {show_bytes(available)} free."
            self._say("warning", "memory", text)
        else:
            self._say(
                "note", "memory", f"A trial held up to {show_bytes(peak)}, with all that was loaded before{side}."
            )

    def _look_at_pickling(self) -> None:
        import cloudpickle

        try:
            n_bytes = len(cloudpickle.dumps(self._objective))
        except Exception as error:  # noqa: BLE001  what cannot be pickled raises what it likes
            text = (
                f"The objective cannot go to worker processes: {type(error).__name__}: {error}. Make files, locks and "
                "connections inside it."
            )
            self._say("problem", "unpicklable", text)
            return
        if n_bytes > _MUCH_PICKLED:
            text = (
                f"The objective takes {show_bytes(n_bytes)} with it to each worker; load large data inside it instead."
            )
            self._say("warning", "large-pickle", text)


def _other_values(distribution: BaseDistribution, value: Any) -> Iterator[Any]:
    """Different values of a parameter other than this one."""
    quantile, seen = quantile_function(distribution), [value]
    for place in _PLACES:
        other = distribution.to_external_repr(quantile(place))
        if not any(other is known or other == known for known in seen):
            seen.append(other)
            yield other


def _floats(result: Any) -> list[float]:
    return [float(value) for value in (result if isinstance(result, (list, tuple)) else [result])]


def _short(run: _Run) -> str:
    return run.problem or ", ".join(f"{value:.6g}" for value in _floats(run.result) if not run.was_pruned) or "pruned"


def _available_bytes() -> int | None:
    """The memory that could be taken without swapping; None if this system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
            return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    except OSError:
        return None
