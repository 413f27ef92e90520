"""Reports, of one value or of several metrics: what is checked before they are noted."""

from __future__ import annotations

from typing import Any, NoReturn

from optimist.exceptions import warn_user
from optimist.history.attributes import METRIC_NAMES_KEY
from optimist.history.draft import Draft, TrialChange
from optimist.study.ledger import Ledger


def read_report(value: Any, draft: Draft, ledger: Ledger) -> tuple[float, dict[str, float] | None]:
    """The intermediate value, and all metrics if they have names.

    Args:
        value: What the objective reported.
        draft: Of its trial.
        ledger: Of its study.

    Raises:
        NotImplementedError: The study has several objectives, and the report no names.
        TypeError: A name is not text, or a value not a number.
        ValueError: There is no metric, or the trial's first one is missing; or the trial reports now with names, now
            without.
    """
    if isinstance(value, dict):
        row = checked_row(value, draft)
        if row.keys() - draft.metrics.keys():
            _meet_metrics(row, draft, ledger)
        return next(iter(row.values())), row
    if len(ledger.record.directions) > 1:
        refuse_unnamed()
    if draft.metrics:
        refuse_mixture(draft, "a number alone", "names")
    return checked_metric(value, "value"), None


def _meet_metrics(row: dict[str, float], draft: Draft, ledger: Ledger) -> None:
    """Look at names that are new in the trial."""
    ledger.check(TrialChange(metrics={name: {} for name in row}))
    names = ledger.history.system_attrs.get(METRIC_NAMES_KEY)
    if names and len(names) == 1 and not draft.metrics and names[0] in row and next(iter(row)) != names[0]:
        warn_user(
            f"Trial {draft.number} reports {next(iter(row))!r} first, and so is judged by it, but the objective of "
            f"the study is {names[0]!r}. Name that one first.",
        )


def refuse_unnamed() -> NoReturn:
    """Raise NotImplementedError: with several objectives a report needs names."""
    raise NotImplementedError(
        "Trial.report() works in studies with one objective only, as a number alone does not say which "
        'objective it is of. Name the metrics, as report({"loss": 0.5, "seconds": 3.0}, step).'
    )


def checked_metric(value: Any, what: str) -> float:
    """Convert a reported value.

    Raises:
        TypeError: It is not a number.
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"report() needs a number as {what}, but got {value!r} ({type(value).__name__}).") from None


def checked_row(row: dict[str, Any], draft: Draft) -> dict[str, float]:
    """Convert the metrics of one step; the trial's first metric comes first.

    Raises:
        TypeError: A name is not text, or a value not a number.
        ValueError: There is no metric, or the trial's first one is missing, or the trial reported without names.
    """
    if not row:
        raise ValueError('report() needs at least one metric, such as {"loss": 0.5}, but got an empty dictionary.')
    found: dict[str, float] = {}
    for name, value in row.items():
        if not isinstance(name, str):
            raise TypeError(f"report() needs text as name of a metric, but got {name!r} ({type(name).__name__}).")
        found[name] = checked_metric(value, f"metric {name!r}")
    if not draft.metrics:
        if draft.reports:
            refuse_mixture(draft, "names", "a number alone")
        return found
    first = next(iter(draft.metrics))
    if first not in found:
        raise ValueError(
            f"Trial {draft.number} named the metric {first!r} first, and so each of its reports has to have it, but this "
            f"one has {', '.join(map(repr, found))} only. Other metrics may be left out."
        )
    return {first: found.pop(first), **found}


def refuse_mixture(draft: Draft, now: str, before: str) -> NoReturn:
    """Raise ValueError: a trial reports now with names, now without."""
    raise ValueError(
        f"Trial {draft.number} reports {now}, but its earlier reports had {before}. In one trial either all reports name "
        'their metrics, as report({"loss": 0.5}, step), or none does.'
    )
