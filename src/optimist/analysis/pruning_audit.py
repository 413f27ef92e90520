"""The pruning audit: what pruning saved, what it cost, and which hyperparameter it is unjust to."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import hypergeom

from optimist.analysis.condemned_cases import Case, Cost, cases_of, costs_of
from optimist.analysis.value_ranges import ranges_of
from optimist.history.view import View
from optimist.numerics.intervals import clopper_pearson
from optimist.states import TrialState

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Share:
    """A share that is estimated by a random sample.

    Attributes:
        n_hits: How many of the sample are what is counted.
        n: The size of the sample.
    """

    n_hits: int
    n: int

    @property
    def estimate(self) -> float | None:
        """The share in the sample; None if that is empty."""
        return self.n_hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """Between which bounds the share lies with a confidence of 95%: exact, by Clopper and Pearson; (0, 1) if ``n`` is 0."""
        return clopper_pearson(self.n_hits, self.n)


@dataclass(frozen=True, slots=True)
class ValueRange:
    """How the condemned trials did that have a hyperparameter in one range.

    Attributes:
        parameter: Its name.
        condition: The range in words, such as "lr < 0.0003".
        n_condemned: How many condemned trials lie there.
        wrong: The share of them that would have beaten the incumbent of the moment, by the controls.
        elsewhere: The same for the other values of the hyperparameter.
        p_value: How likely so many wrong ones or more would be in this range if it were like the others: Fisher's
            exact test, times the number of ranges of this hyperparameter, at most 1.
    """

    parameter: str
    condition: str
    n_condemned: int
    wrong: Share
    elsewhere: Share
    p_value: float

    @property
    def stands_out(self) -> bool:
        """Whether trials were condemned too early here, more than elsewhere, by a p-value of at most 0.05."""
        return self.p_value <= _LEVEL

    @property
    def sentence(self) -> str:
        """A sentence for the user."""
        return (
            f"Be careful with {self.parameter}: of {self.wrong.n} condemned trials with {self.condition} that were let "
            f"go on, {self.wrong.n_hits} would have become the best of their time; elsewhere {self.elsewhere.n_hits} of "
            f"{self.elsewhere.n}."
        )


@dataclass(frozen=True)
class PruningAudit:
    """What pruning saved and cost in one study, or in several together.

    Attributes:
        study_names: Which studies.
        n_complete, n_pruned: Their trials by state.
        n_condemned: How many finished trials an audited pruner condemned, controls included.
        n_controls: How many of these it let go on.
        wrong: The share of condemned trials that would have beaten the incumbent of the moment, the best that the
            pruner knew then; by the controls that are complete.
        would_win: The share of condemned trials that would have become the best of their study, better than every trial
            but the controls.
        steps: The cost in reported steps, such as epochs.
        seconds: The cost in seconds.
        values: The ranges of hyperparameters, those first in which most were condemned too early for chance.
    """

    study_names: tuple[str, ...]
    n_complete: int
    n_pruned: int
    n_condemned: int
    n_controls: int
    wrong: Share
    would_win: Share
    steps: Cost
    seconds: Cost
    values: tuple[ValueRange, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in plain sentences; and what to do where too little is known."""
        return (self._counts(), self._savings(), self._verdict(), *(v.sentence for v in self.values if v.stands_out))

    def _counts(self) -> str:
        names = ", ".join(self.study_names)
        said = f"{names}: {self.n_complete} trials are complete, {self.n_pruned} pruned."
        if not self.n_condemned:
            return said
        return (
            f"{said} {self.n_condemned} were condemned under an audit, {self.n_controls} of them let go on as controls."
        )

    def _savings(self) -> str:
        steps, seconds = self.steps, self.seconds
        time = f", and about {_duration(seconds.saved)}" if seconds.saved > 0 else ""
        price = f" The controls cost {steps.spent_on_controls:,.0f} steps." if self.n_controls else ""
        return (
            f"Pruning saved {steps.saved:,.0f} of {steps.spent + steps.saved:,.0f} steps "
            f"({steps.saved_share:.0%}){time}.{price}"
        )

    def _verdict(self) -> str:
        if not self.n_condemned and not self.n_pruned:
            return "No trial was pruned, so there is nothing to audit."
        if not self.n_condemned:
            return (
                f"What that cost is not known, for none of the {self.n_pruned} pruned trials was audited. Wrap the "
                "pruner, as in create_study(pruner=AuditedPruner(MedianPruner())), and run more trials."
            )
        if not self.wrong.n:
            return (
                f"What that cost is not known: of {self.n_condemned} condemned trials none was let go on to its end. Run "
                "more trials, or raise the share of controls, as in AuditedPruner(pruner, control=0.2)."
            )
        low, high = self.wrong.interval
        return (
            f"Of {self.wrong.n} condemned trials that were let go on, {self.wrong.n_hits} would have become the best of "
            f"their time: {self.wrong.estimate:.0%} (95% interval {low:.0%} to {high:.0%}), and {self.would_win.n_hits} "
            "the best of their study."
        )


def audit_pruning(studies: Sequence[tuple[str, View]]) -> PruningAudit:
    """Audit the pruning of one study, or of several that are alike.

    Args:
        studies: Name and view of each, with one objective. Controls of all are counted alike, which asks for the same
            share of controls in each.

    Raises:
        ValueError: There is no study, or one has several objectives.
    """
    if not studies:
        raise ValueError("An audit needs at least one study.")
    for name, view in studies:
        if view.n_objectives > 1:
            raise ValueError(
                f"A pruning audit needs studies with one objective, but {name!r} has {view.n_objectives}: there is no "
                "single best trial that a condemned one could have beaten."
            )
    views = [view for _, view in studies]
    cases = [case for view in views for case in cases_of(view)]
    costs = [costs_of(view) for view in views]
    known = [case for case in cases if case.is_known]
    return PruningAudit(
        study_names=tuple(name for name, _ in studies),
        n_complete=sum(view.count(TrialState.COMPLETE) for view in views),
        n_pruned=sum(view.count(TrialState.PRUNED) for view in views),
        n_condemned=len(cases),
        n_controls=sum(case.is_control for case in cases),
        wrong=Share(sum(case.was_wrong for case in known), len(known)),
        would_win=Share(sum(case.would_win for case in known), len(known)),
        steps=functools.reduce(Cost.plus, (steps for steps, _ in costs)),
        seconds=functools.reduce(Cost.plus, (seconds for _, seconds in costs)),
        values=tuple(sorted(_value_ranges(cases), key=_order)),
    )


def _order(found: ValueRange) -> tuple[float, float]:
    return found.p_value, -(found.wrong.estimate or 0.0)


def _value_ranges(cases: Sequence[Case]) -> list[ValueRange]:
    names = dict.fromkeys((name, type(d)) for case in cases for name, d in case.distributions.items())
    found = []
    for name, kind in names:
        alike = [case for case in cases if type(case.distributions.get(name)) is kind]
        ranges = ranges_of(name, dict.fromkeys(case.distributions[name] for case in alike))
        values = [case.distributions[name].to_external_repr(case.params[name]) for case in alike]
        inside = [[meets(value) for value in values] for _, meets in ranges]
        n_filled = sum(any(is_in) for is_in in inside)
        if n_filled > 1:
            found += [
                _value_range(name, condition, alike, is_in, n_filled)
                for (condition, _), is_in in zip(ranges, inside, strict=True)
                if any(is_in)
            ]
    return found


def _value_range(name: str, condition: str, cases: Sequence[Case], is_in: Sequence[bool], n_ranges: int) -> ValueRange:
    here = [case for case, inside in zip(cases, is_in, strict=True) if inside]
    there = [case for case, inside in zip(cases, is_in, strict=True) if not inside]
    wrong, elsewhere = _share_of_wrong(here), _share_of_wrong(there)
    p_value = 1.0
    if wrong.n_hits:
        n, n_wrong = wrong.n + elsewhere.n, wrong.n_hits + elsewhere.n_hits
        p_value = min(1.0, n_ranges * float(hypergeom.sf(wrong.n_hits - 1, n, n_wrong, wrong.n)))
    return ValueRange(name, condition, len(here), wrong, elsewhere, p_value)


def _share_of_wrong(cases: Sequence[Case]) -> Share:
    known = [case for case in cases if case.is_known]
    return Share(sum(case.was_wrong for case in known), len(known))


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.3g} seconds"
