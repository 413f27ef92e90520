"""Which pictures a report shows, with a sentence each on how to read them."""

from __future__ import annotations

from optimist.report.contents import Picture, Section, Table
from optimist.report.findings import Findings
from optimist.report.words import listing

_N_SLICES = 8


def course(found: Findings) -> Section | None:
    """How the values went: over the trials, and within them."""
    if not found.trials.n:
        return None
    pictures = []
    if found.has_one_objective:
        pictures.append(
            Picture(
                "optimization_history",
                "Each point is a trial, the line is the best value so far. Flat for long: little is left to find. The star "
                "is the best trial, the white diamond the recommended defaults.",
            )
        )
    elif len(found.objectives) <= 3 and found.n_usable:
        pictures.append(
            Picture(
                "pareto_front",
                "Red trials cannot be improved in one objective without loss in another; for each blue one there is a red "
                "one that is at least as good in all.",
            )
        )
    if found.n_reporting and found.has_one_objective:
        pictures.append(
            Picture(
                "intermediate_values",
                "A learning curve for each trial. Pale ones were pruned at the triangle; the best one is thick. A pruned "
                "curve that was still improving fast is a warning.",
            )
        )
    return Section("How it went", pictures=tuple(pictures)) if pictures else None


def influence(found: Findings) -> Section | None:
    """Which parameters matter, and which of their values are good."""
    if not found.trials.params or found.n_usable < 2:
        return None
    names = found.top_params
    pictures = []
    if len(found.importances) > 1:
        pictures.append(
            Picture(
                "param_importances",
                "The bars sum to 1: how much of the variation each parameter explains. Where the thin lines overlap, more "
                "trials are needed to tell which of two matters more.",
            )
        )
    if found.has_one_objective:
        pictures.append(
            Picture(
                "slice",
                "The value against each parameter; the later a trial, the darker. Dark points crowded at the edge of a range "
                "say that good values may lie beyond it.",
                {"params": names[:_N_SLICES]},
            )
        )
    if found.has_one_objective and len(names) > 1:
        pictures.append(
            Picture(
                "contour",
                f"{listing(names[:2])}{', which matter most,' if found.importances else ''} against each other: dark is good, white is where nobody was. A "
                "tilted valley means that the best value of one depends on the other.",
                {"params": names[:2]},
            )
        )
    tables = (_table(found),) if found.importances else ()
    return Section("Which parameters matter", _ranking(found), tables, tuple(pictures))


def _ranking(found: Findings) -> tuple[str, ...]:
    if not found.importances:
        return ("That cannot be told yet: there are too few trials, or too many have the same value.",)
    (first, top), *others = found.importances.items()
    if not others:
        return (f"{first} is the only parameter.",)
    sure = [name for name, estimate in others if estimate.high < top.low]
    if len(sure) == len(others):
        return (f"{first} matters most: it explains {top.value:.0%} of the variation, clearly more than any other.",)
    rivals = [name for name, _ in others if name not in sure]
    them = listing(rivals[:3]) + (" and others" if len(rivals) > 3 else "")
    said = f"{first} seems to matter most ({top.value:.0%} of the variation)"
    return (f"{said}, but the trials are too few to tell it from {them}.",)


def _table(found: Findings) -> Table:
    rows = [
        (
            name,
            f"{e.value:.3f}",
            f"{e.low:.3f} to {e.high:.3f}" if e.standard_error == e.standard_error else "not known",
        )
        for name, e in found.importances.items()
    ]
    return Table(("Parameter", "Importance", "90% interval"), tuple(rows))


def pruning_pictures(found: Findings) -> tuple[Picture, ...]:
    """The audit as a picture, where there was one."""
    if found.audit is None or not found.audit.n_controls:
        return ()
    return (
        Picture(
            "pruning_audit",
            "Each row is a range of a parameter: the share of the condemned trials there that would have become the best of "
            "their time. What stands out is red: be careful with pruning there.",
        ),
    )


def work(found: Findings) -> Section | None:
    """When the trials ran."""
    if not (found.trials.started_us >= 0).any():
        return None
    sentence = (
        "A bar for each trial, from its start to its end. Gaps are idle time; one bar at a time means one worker."
    )
    return Section("Who worked when", pictures=(Picture("timeline", sentence),))
