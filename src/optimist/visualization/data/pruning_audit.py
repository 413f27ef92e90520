"""The pruning audit: where condemned trials would have become the best, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.analysis.pruning_audit import Share
from optimist.study.study import Study
from optimist.visualization.data.objective import as_studies
from optimist.visualization.data.points import Heading, explain_nothing
from optimist.visualization.data.trials import FloatArray, read_trials

_MOST_RANGES: Final = 24


@dataclass(frozen=True)
class AuditBars:
    """The figure.

    Attributes:
        heading: What stands above it.
        conditions: (n,) the ranges of hyperparameters, the one that stands out most last, as rows are stacked from
            below; "all condemned" above them.
        shares: (n,) in percent; NaN where no trial was let go on.
        low, high: (n,) the ends of the intervals of 95%, in percent.
        words: (n,) the counts, such as "14 of 15".
        hover_texts: (n,) what is said of each in full.
        stands_out: (n,) whether trials were condemned too early there.
        overall: The share among all condemned trials, in percent; NaN if it is not known.
    """

    heading: Heading
    conditions: tuple[str, ...]
    shares: FloatArray
    low: FloatArray
    high: FloatArray
    words: tuple[str, ...]
    hover_texts: tuple[str, ...]
    stands_out: npt.NDArray[np.bool_]
    overall: float


def audit_bars(study: Study | Sequence[Study]) -> AuditBars:
    """Audit one study, or several together.

    Raises:
        ValueError: There is no study, or one has several objectives.
    """
    studies = as_studies(study)
    if not studies:
        raise ValueError("A pruning audit needs at least one study.")
    audit = studies[0].pruning_audit(*studies[1:])
    found = audit.values[:_MOST_RANGES][::-1]
    shares = [*(each.wrong for each in found), audit.wrong]
    message = ""
    if not audit.n_condemned + audit.n_pruned:
        trials = read_trials(studies[0])
        message = explain_nothing(trials) if not audit.n_complete else "No trial was pruned."
    elif not audit.wrong.n:
        message = "No condemned trial was let go on to its end. See AuditedPruner."
    subtitle = f"{audit.steps.saved_share:.0%} of the steps saved; share wrongly condemned, 95% intervals"
    if any(each.stands_out for each in found):
        subtitle += "; red: more than elsewhere"
    ends = 100.0 * np.array([share.interval for share in shares])
    return AuditBars(
        Heading("Pruning Audit", "" if message else subtitle, message),
        (*(each.condition for each in found), "all condemned"),
        np.array([_percent(share) for share in shares]),
        ends[:, 0],
        ends[:, 1],
        tuple(f"{share.n_hits} of {share.n}" for share in shares),
        (
            *(f"{each.n_condemned} condemned, {_said(each.wrong)}" for each in found),
            f"{audit.n_condemned} condemned, {_said(audit.wrong)}",
        ),
        np.array([*(each.stands_out for each in found), False]),
        _percent(audit.wrong),
    )


def _percent(share: Share) -> float:
    return float("nan") if share.estimate is None else 100.0 * share.estimate


def _said(share: Share) -> str:
    low, high = share.interval
    return (
        f"{share.n} of them let go on, {share.n_hits} would have become the best of their time "
        f"(95% interval {low:.0%} to {high:.0%})"
    )
