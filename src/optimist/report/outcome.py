"""What came of a study: the best against the recommended defaults, or the front; and what else could have been had."""

from __future__ import annotations

import math

import numpy as np

from optimist.history.records import FrozenTrial
from optimist.report.contents import Section, Table
from optimist.report.findings import Findings
from optimist.report.words import count, duration, number, value_text
from optimist.states import TrialState

_N_ROWS = 20
_CLOSE = 0.01


def outcome(found: Findings) -> Section:
    """The best trial beside that of the defaults; of several objectives the front; or why there is neither."""
    if not found.front:
        return Section("The outcome", (_why_nothing(found),))
    if not found.has_one_objective:
        return _front(found)
    best, default = found.best, found.default
    assert best is not None
    sentences = [f"The best {found.objectives[0]} is {number(best.values[0])}, of trial {best.number}."]  # type: ignore[index]
    sentences += [_gain(found, best, default)] if default is not None else []
    if default is None:
        sentences.append(
            "No recommended defaults are known to compare with. Name them as in suggest_float(..., default=0.1), and the "
            "first trial of a study tries them."
        )
    return Section("The outcome", tuple(sentences), (_beside(found, best, default),))


def _why_nothing(found: Findings) -> str:
    n = found.trials.n
    if not n:
        return "The study has no trials yet."
    if found.n_of(TrialState.FAIL) == n:
        return f"All {n:,} trials failed." if n > 1 else "The only trial failed."
    if not found.trials.is_complete.any():
        return "No trial is complete yet."
    return "No complete trial is feasible: each violates a constraint."


def _gain(found: Findings, best: FrozenTrial, default: FrozenTrial) -> str:
    if not default.values or default.state != TrialState.COMPLETE:
        return f"The recommended defaults were tried by trial {default.number}, which did not come to its end."
    if best.number == default.number:
        return "Nothing better than the recommended defaults was found."
    before, after = default.values[0], best.values[0]  # type: ignore[index]
    if not found.trials.is_feasible[found.trials.row_of(default.number)]:
        return f"The recommended defaults gave {number(before)}, but violate a constraint."
    change = abs(after - before)
    share = f", which is {change / abs(before):.2%} of it" if before and math.isfinite(change / before) else ""
    return f"The recommended defaults gave {number(before)}; the search improved that by {number(change)}{share}."


def _beside(found: Findings, best: FrozenTrial, default: FrozenTrial | None) -> Table:
    others = [default] if default is not None and default.number != best.number else []
    header = ["", f"Best (trial {best.number})", *(f"Defaults (trial {other.number})" for other in others)]
    shown = [best, *others]
    rows = [(found.objectives[0], *(number(trial.values[0]) if trial.values else "none" for trial in shown))]
    times = [_seconds(trial) for trial in shown]
    if all(time is not None for time in times):
        rows.append(("time", *(duration(time or 0.0) for time in times)))
    keys = dict.fromkeys(key for trial in shown for key in trial.constraints)
    rows += [(f"constraint {key}", *(_constraint(trial, key) for trial in shown)) for key in keys]
    names = [name for name in found.top_params if any(name in trial.params for trial in shown)]
    rows += [
        (name, *(value_text(trial.params[name]) if name in trial.params else "not used" for trial in shown))
        for name in names
    ]
    return Table(tuple(header), tuple(rows), marked=(0,))


def _constraint(trial: FrozenTrial, key: str) -> str:
    value = trial.constraints.get(key)
    return "none" if value is None else number(value) + (" (violated)" if value > 0 else "")


def _seconds(trial: FrozenTrial) -> float | None:
    return None if trial.duration is None else trial.duration.total_seconds()


def _front(found: Findings) -> Section:
    shown = sorted(found.front, key=lambda trial: (trial.values or [math.inf])[0], reverse=found.is_maximized)
    if len(shown) > _N_ROWS:
        shown = [shown[i] for i in np.linspace(0, len(shown) - 1, _N_ROWS).astype(int)]
    names = [name for name in found.top_params if any(name in trial.params for trial in shown)]
    rows = [
        (
            str(trial.number),
            *map(number, trial.values or ()),
            *(value_text(trial.params[name]) if name in trial.params else "not used" for name in names),
        )
        for trial in shown
    ]
    sentences = [
        f"{count(len(found.front), 'trial')} cannot be improved in one objective without loss in another: the Pareto front."
    ]
    if len(found.front) > len(shown):
        sentences.append(f"{len(shown)} of them are shown, spread over the first objective.")
    default = found.default
    if default is not None and default.values:
        gave = ", ".join(f"{name} {number(v)}" for name, v in zip(found.objectives, default.values, strict=True))
        is_in = any(trial.number == default.number for trial in found.front)
        sentences.append(
            f"The recommended defaults (trial {default.number}) gave {gave}, "
            f"{'which is on the front' if is_in else 'which the front dominates'}."
        )
    marked = tuple(i for i, trial in enumerate(shown) if default is not None and trial.number == default.number)
    return Section("The outcome", tuple(sentences), (Table(("Trial", *found.objectives, *names), tuple(rows), marked),))


# Trade-offs


def trade_offs(found: Findings) -> Section | None:
    """What the search cost, when it found the best, and what is nearly as good and cheaper."""
    seconds = found.seconds
    total = float(np.nansum(seconds))
    sentences = []
    if total > 0:
        failed = float(np.nansum(seconds[found.trials.has_state(TrialState.FAIL)]))
        said = f"All trials together took {duration(total)}"
        sentences.append(said + (f", {failed / total:.0%} of it for trials that failed." if failed > 0 else "."))
    if found.best is not None:
        sentences += [_when_found(found, found.best), *_nearly_as_good(found, found.best)]
    return Section("What it cost, and what else could be had", tuple(sentences)) if sentences else None


def _when_found(found: Findings, best: FrozenTrial) -> str:
    n_after = int((found.trials.numbers > best.number).sum())
    if not n_after:
        return "The last trial is the best: more trials may well find better ones."
    return f"The best came with trial {best.number}; the {count(n_after, 'trial')} after it brought nothing better."


def _nearly_as_good(found: Findings, best: FrozenTrial) -> list[str]:
    """The quickest trial whose value is close to the best one, if it is much quicker."""
    trials, seconds = found.trials, found.seconds
    value = best.values[0]  # type: ignore[index]
    row = trials.row_of(best.number)
    with np.errstate(invalid="ignore"):
        is_close = np.abs(trials.values[:, 0] - value) <= _CLOSE * abs(value)
    is_close &= trials.is_complete & trials.is_feasible & np.isfinite(seconds)
    if is_close.sum() < 2 or not np.isfinite(seconds[row]):
        return []
    said = [f"{int(is_close.sum()):,} trials are within 1% of the best value."]
    quickest = int(np.flatnonzero(is_close)[np.argmin(seconds[is_close])])
    if seconds[quickest] < 0.8 * seconds[row]:
        said.append(
            f"The quickest of them is trial {trials.numbers[quickest]}: {number(trials.values[quickest, 0])} in "
            f"{duration(float(seconds[quickest]))}, where the best took {duration(float(seconds[row]))}."
        )
    return said
