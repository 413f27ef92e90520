"""Focus: decide from what was tried where the rest of the budget shall go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from optimist.analysis.focus_report import FocusedParameter, FocusReport, Treatment
from optimist.analysis.objective_check import range_text
from optimist.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optimist.history.attributes import FOCUS_KEY, PROBE_KEY
from optimist.history.focusing import Restriction, feasible_losses, focus_of, is_choice
from optimist.history.protocols import StudyLike
from optimist.history.tables import value_text
from optimist.history.view import View
from optimist.importance.estimates import ImportanceEstimate
from optimist.importance.importances import get_param_importances_with_uncertainty

N_LEAST: Final = 20
"""Complete trials that a focus needs."""

_GOOD_SHARE: Final = 0.2
_N_GOOD: Final = 8
_UNIMPORTANT: Final = 0.5  # of an equal share; who is surely below is fixed
_MARGIN: Final = 0.5  # of the good trials' range, on both sides
_LEAST_MARGIN: Final = 0.1  # of the whole range
_WORTH_IT: Final = 0.7  # what is left has to be less than this share of the whole range
_TRIALS_EACH: Final = 5  # of the budget, for each parameter that is searched


@dataclass(frozen=True)
class _Decision:
    treatment: Treatment
    why: str
    restriction: Restriction | None = None


def decide(study: StudyLike, budget: int | None) -> tuple[list[Restriction], dict[str, dict[str, Any]]]:
    """Decide what to fix and what to narrow.

    Returns:
        The restrictions, and by parameter what the report says of it, as JSON.

    Raises:
        ValueError: There are fewer than 20 complete trials.
    """
    view = study.view()
    losses = feasible_losses(view)
    n_complete = int(np.isfinite(losses).sum())
    if n_complete < N_LEAST:
        raise ValueError(
            f"focus() needs {N_LEAST} complete trials to tell which parameters matter, but there are {n_complete}. Call "
            "optimize() first."
        )
    estimates = get_param_importances_with_uncertainty(study, confidence=0.9, seed=0)
    order = np.argsort(losses, kind="stable")
    good = order[: max(_N_GOOD, math.ceil(_GOOD_SHARE * n_complete))]
    best = view.layouts[int(view.layout_indices[order[0]])].distributions
    most = len(estimates) if budget is None else max(1, budget // _TRIALS_EACH)
    restrictions: list[Restriction] = []
    notes: dict[str, dict[str, Any]] = {}
    for rank, (name, estimate) in enumerate(estimates.items()):
        distribution = best.get(name)
        if distribution is None:
            decision = _Decision("searched", "the best trial does not have it")
        else:
            decision = _decide_one(view, good, name, distribution, estimate, 1.0 / len(estimates), rank >= most)
        if decision.restriction is not None:
            restrictions.append(decision.restriction)
        whole = "" if distribution is None else range_text(distribution)
        notes[name] = {
            "treatment": decision.treatment,
            "where": _where(decision.restriction, distribution) or whole,
            "whole": whole,
            "importance": estimate.value,
            "interval": [estimate.low, estimate.high],
            "why": decision.why,
        }
    return restrictions, notes


def _decide_one(
    view: View,
    good: Any,
    name: str,
    distribution: BaseDistribution,
    estimate: ImportanceEstimate,
    equal_share: float,
    is_beyond_budget: bool,
) -> _Decision:
    """What to do with a parameter that the best trial, the first of the good ones, has."""
    if distribution.single():
        return _Decision("searched", "it has one value")
    value = float(view.column(name)[good[0]])
    log = bool(getattr(distribution, "log", False))
    fixed = Restriction(name, value, value, log)
    if is_beyond_budget:
        return _Decision("fixed", "the budget is too small for it", fixed)
    if estimate.high < _UNIMPORTANT * equal_share:
        return _Decision("fixed", f"surely less than half of an equal share ({equal_share:.2f})", fixed)
    held = good[view.holds([name], good)]
    if len(held) < _N_GOOD:
        return _Decision("searched", "too few good trials have it")
    values = view.column(name)[held].astype(np.float64)
    if is_choice(distribution):
        if np.all(values == value):
            return _Decision("fixed", f"all {len(held)} good trials have it", fixed)
        return _Decision("searched", "good trials differ in it")
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    return _narrow(Restriction(name, float(values.min()), float(values.max()), log), distribution, len(held))


def _narrow(good: Restriction, distribution: FloatDistribution | IntDistribution, n_good: int) -> _Decision:
    """Narrow a range to that of the good trials and a margin, if that leaves out enough of it."""
    scale = math.log if good.log else float
    low, high, bottom, top = (scale(x) for x in (good.low, good.high, distribution.low, distribution.high))
    margin = max(_MARGIN * (high - low), _LEAST_MARGIN * (top - bottom))
    low, high = max(bottom, low - margin), min(top, high + margin)
    share = (high - low) / (top - bottom)
    if share >= _WORTH_IT:
        return _Decision("searched", f"good trials are all over {share:.0%} of its range")
    unscale = math.exp if good.log else float
    found = Restriction(
        good.name,
        distribution.low if low == bottom else unscale(low),
        distribution.high if high == top else unscale(high),
        good.log,
    )
    return _Decision("narrowed", f"all {n_good} good trials are within {share:.0%} of its range", found)


def _where(restriction: Restriction | None, distribution: BaseDistribution | None) -> str:
    if restriction is None or distribution is None:
        return ""
    if restriction.is_fixed:
        internal = restriction.low if isinstance(distribution, FloatDistribution) else int(restriction.low)
        return value_text(distribution.to_external_repr(internal))
    left = restriction.narrow(distribution)
    assert isinstance(left, (FloatDistribution, IntDistribution))
    return f"{left.low:.4g} to {left.high:.4g}"


def report_of(study: StudyLike) -> FocusReport | None:
    """The present focus of a study, with what has come of it; None if it has none."""
    view = study.view()
    focus, records = focus_of(view), view.system_attrs.get(FOCUS_KEY, [])
    if focus is None:
        return None
    notes: Mapping[str, Mapping[str, Any]] = records[-1]["notes"]
    rows = np.flatnonzero(view.numbers >= focus.since)
    distributions = {name: d for layout in view.layouts for name, d in layout.distributions.items()}
    held = focus.by_name
    parameters = []
    for name, note in notes.items():
        where = _where(held.get(name), distributions.get(name)) or note["where"]
        parameters.append(
            FocusedParameter(
                name,
                note["treatment"],
                where,
                note["whole"],
                note["importance"],
                (note["interval"][0], note["interval"][1]),
                note["why"],
                focus.taken_back.get(name),
            )
        )
    n_probes = sum(
        PROBE_KEY in view.row_attrs(row)[1] for row in rows.tolist()
    )  # a look-up for each trial of the focus
    return FocusReport(
        study.study_name, focus.since, focus.budget, tuple(parameters), len(rows), n_probes, len(records) - 1
    )
