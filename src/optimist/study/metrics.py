"""Reports of several metrics: what is checked before they are noted."""

from __future__ import annotations

from typing import Any, NoReturn

from optimist.history.draft import Draft


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
