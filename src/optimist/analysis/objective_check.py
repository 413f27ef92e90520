"""What a dry run of an objective found, and what its search space looks like."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from optimist.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optimist.history.tables import html_table, text_table, value_text, wrapped

_HEADER: Final = ("parameter", "range", "tried", "effect")
_LOG_RATIO: Final = 100.0

Severity = Literal["problem", "warning", "note"]


@dataclass(frozen=True)
class CheckFinding:
    """One thing that a check found.

    Attributes:
        severity: "problem": the search cannot work so; "warning": it can, and probably should be changed; "note": good
            to know.
        code: What it is, for scripts, such as "log-missing".
        text: What it is, and what to do, for people.
        parameter: The parameter that it is about; empty if none.
    """

    severity: Severity
    code: str
    text: str
    parameter: str = ""


@dataclass(frozen=True)
class ObjectiveCheck:
    """What :meth:`Study.check` found.

    Attributes:
        findings: Problems first, then warnings, then notes.
        distributions: The parameters that the runs asked for.
        params: Their values in the first run.
        effects: For each parameter whether changing it alone changed the result; None where that was not tried.
        n_runs: How often the objective was run.
        seconds: The mean duration of its runs.
        peak_bytes: The most memory that this process and its children held in the first run; None if this system does
            not tell.
        n_trials: How many trials are planned; None if that is not known.
        n_workers: How many of them run side by side.
    """

    findings: tuple[CheckFinding, ...]
    distributions: Mapping[str, BaseDistribution]
    params: Mapping[str, Any]
    effects: Mapping[str, bool | None]
    n_runs: int
    seconds: float
    peak_bytes: int | None
    n_trials: int | None
    n_workers: int

    @property
    def ok(self) -> bool:
        """Whether there are neither problems nor warnings."""
        return all(finding.severity == "note" for finding in self.findings)

    @property
    def expected_seconds(self) -> float | None:
        """How long the planned trials will take; None if their number is not known."""
        return None if self.n_trials is None else self.seconds * -(-self.n_trials // self.n_workers)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in plain sentences."""
        said = [f"{finding.severity.capitalize()}: {finding.text}" for finding in self.findings]
        return tuple(said) if said else ("Nothing to complain of.",)

    def _rows(self) -> list[list[str]]:
        words = {True: "yes", False: "none seen", None: "not tried"}
        return [
            [
                name,
                range_text(distribution),
                value_text(self.params[name]) if name in self.params else "",
                words[self.effects.get(name)],
            ]
            for name, distribution in self.distributions.items()
        ]

    def __str__(self) -> str:
        table = f"\n\n{text_table(_HEADER, self._rows())}" if self.distributions else ""
        return wrapped(self.sentences) + table

    def _repr_html_(self) -> str:
        return html_table("Check of the objective", self.sentences, _HEADER, self._rows())


def check_space(distributions: Mapping[str, BaseDistribution]) -> list[CheckFinding]:
    """Look at ranges: decades without a log scale, and parameters with one value only."""
    found = []
    for name, distribution in distributions.items():
        if distribution.single():
            text = f"{name} has one value only; it is not searched. Widen its range, or write the value down."
            found.append(CheckFinding("warning", "single-valued", text, name))
        elif lacks_log(distribution):
            assert isinstance(distribution, (FloatDistribution, IntDistribution))
            ratio = distribution.high / distribution.low
            share = 100 * (distribution.high / 10 - distribution.low) / (distribution.high - distribution.low)
            text = (
                f"{name} goes from {distribution.low:g} to {distribution.high:g}, a factor of {ratio:,.4g}, on a linear "
                f"scale: only {share:.2g}% of its values lie below {distribution.high / 10:g}. If a factor matters more "
                "than a difference, pass log=True."
            )
            found.append(CheckFinding("warning", "log-missing", text, name))
    return found


def lacks_log(distribution: BaseDistribution) -> bool:
    """Whether a range spans two decades or more, and could be logarithmic, and is not."""
    if isinstance(distribution, FloatDistribution):
        may_be_log = distribution.step is None
    elif isinstance(distribution, IntDistribution):
        may_be_log = distribution.step == 1
    else:
        return False
    return (
        may_be_log
        and not distribution.log
        and distribution.low > 0
        and distribution.high / distribution.low >= _LOG_RATIO
    )


def plan_text(seconds: float, n_trials: int | None, n_workers: int) -> str:
    """Say how long a trial takes, and when the planned ones will be done."""
    said = f"A trial takes about {duration_text(seconds)}."
    if n_trials is None:
        return f"{said} A hundred take {duration_text(100 * seconds)}, one after the other."
    in_all = seconds * -(-n_trials // n_workers)
    end = datetime.datetime.now().astimezone() + datetime.timedelta(seconds=in_all)
    if in_all < 120:
        return f"{said} {n_trials} of them take about {duration_text(in_all)}."
    side = f" on {n_workers} workers" if n_workers > 1 else ""
    return (
        f"{said} {n_trials} trials{side} take about {duration_text(in_all)}: till {end:%Y-%m-%d %H:%M}, if started now."
    )


def duration_text(seconds: float) -> str:
    """A duration in the unit that fits."""
    for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.3g} seconds" if seconds >= 1 else f"{1000 * seconds:.3g} milliseconds"


def range_text(distribution: BaseDistribution) -> str:
    """A distribution in few words."""
    if isinstance(distribution, (FloatDistribution, IntDistribution)):
        step = distribution.step
        extra = ", log" if distribution.log else f", step {step:g}" if step not in (None, 1) else ""
        return f"{distribution.low:g} to {distribution.high:g}{extra}"
    choices = getattr(distribution, "choices", ())
    shown = ", ".join(map(str, choices[:5])) + (", …" if len(choices) > 5 else "")
    return shown or str(distribution)
