"""From what was found to a report: which sections there are, and what they say."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Final

from optimist.history.records import FrozenTrial
from optimist.report.contents import Report, Section, Table
from optimist.report.findings import Findings, read_findings
from optimist.report.outcome import outcome, trade_offs
from optimist.report.pictures import course, influence, pruning_pictures, work
from optimist.report.reproduction import reproduction
from optimist.report.words import count, duration, listing, number, value_text, values_of
from optimist.states import TrialState
from optimist.study.study import Study
from optimist.version import __version__

_STATE_WORDS: Final = {TrialState.FAIL: "failed"}


def compose(study: Study) -> Report:
    """Look at a study, and say what there is to say."""
    found = read_findings(study)
    parts: tuple[Callable[[Findings], Section | None], ...] = (
        outcome,
        _searched,
        course,
        influence,
        _pruning,
        trade_offs,
        work,
        reproduction,
    )
    now = datetime.datetime.now().astimezone()
    return Report(
        title=f"Study {study.study_name}",
        made=f"Made on {now:%Y-%m-%d %H:%M %Z} by Optimist {__version__}.",
        facts=_facts(found),
        sections=tuple(section for part in parts if (section := part(found)) is not None),
    )


def _facts(found: Findings) -> tuple[tuple[str, str], ...]:
    facts = [("Goal", _goal(found)), ("Trials", _counts(found))]
    if not math.isnan(found.span_s):
        facts.append(("Duration", duration(found.span_s)))
    if found.best is not None:
        facts.append(("Best value", f"{_values(found.best)} (trial {found.best.number})"))
        if found.default is not None and found.default.values:
            facts.append(("Recommended defaults", f"{_values(found.default)} (trial {found.default.number})"))
    if not found.has_one_objective:
        facts.append(("Pareto front", count(len(found.front), "trial")))
    return tuple(facts)


def _values(trial: FrozenTrial) -> str:
    return ", ".join(map(number, trial.values or ()))


def _goal(found: Findings) -> str:
    goals = zip(found.trials.directions, found.objectives, strict=True)
    return ", ".join(f"{direction.name.lower()} {name}" for direction, name in goals)


def _counts(found: Findings) -> str:
    words = [
        f"{found.n_of(state):,} {_STATE_WORDS.get(state, state.name.lower())}"
        for state in TrialState
        if found.n_of(state)
    ]
    words += [f"{found.n_infeasible:,} of them infeasible"] if found.n_infeasible else []
    words += [f"{found.n_voided:,} void, which count for nothing"] if found.n_voided else []
    return ", ".join(words) or "none yet"


def _searched(found: Findings) -> Section:
    params = found.trials.params
    best = found.best
    header = ["Parameter", "Values", "Recommended"] + (["Best"] if best is not None else [])
    rows = []
    for name in params:
        cells = [name, values_of(params[name].distributions[-1])]
        cells[1] += (
            f" (the latest of {len(params[name].distributions)} ranges)" if len(params[name].distributions) > 1 else ""
        )
        cells.append(value_text(found.recommended[name]) if name in found.recommended else "")
        if best is not None:
            cells.append(value_text(best.params[name]) if name in best.params else "not used")
        rows.append(tuple(cells))
    sentences = [] if params else ["No trial has asked for a parameter yet."]
    sentences += [_who(found)] if found.provenance else []
    if any(len(param.distributions) > 1 for param in params.values()):
        sentences.append("The range of some parameters changed between trials; the latest one is shown.")
    tables = (Table(tuple(header), tuple(rows)),) if rows else ()
    return Section("What was searched", tuple(sentences), tables)


def _who(found: Findings) -> str:
    samplers = list(dict.fromkeys(note.get("sampler", "?") for note in found.provenance))
    pruners = list(dict.fromkeys(note.get("pruner", "?") for note in found.provenance))
    said = f"The trials were proposed by {listing(samplers)}, with {listing(pruners)} to stop hopeless ones early"
    return f"{said}, which none reported to." if not found.n_reporting else f"{said}."


def _pruning(found: Findings) -> Section | None:
    audit = found.audit
    n_pruned = found.n_of(TrialState.PRUNED)
    if not n_pruned and (audit is None or not audit.n_condemned):
        return None
    if audit is None:
        sentence = f"{count(n_pruned, 'trial')} were pruned. What that saved is told for studies with one objective."
        return Section("Pruning", (sentence,))
    return Section("Pruning", audit.sentences, pictures=pruning_pictures(found))
