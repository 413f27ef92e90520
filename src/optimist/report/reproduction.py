"""How to do it again: settings, versions, and the best parameters as code."""

from __future__ import annotations

from typing import Any

from optimist.report.contents import Code, Section, Table
from optimist.report.findings import Findings
from optimist.report.words import dictionary

_N_OF_FRONT = 10


def reproduction(found: Findings) -> Section:
    """What was noted of the runs, and code that goes on from here."""
    notes = found.provenance
    if notes:
        sentences = ["The sampler and the pruner had these classes; their other options stand in the script."]
        if any(note.get("seed") is None for note in notes):
            sentences.append("Without a seed the same trials do not come again; set one, as in TPESampler(seed=0).")
    else:
        sentences = [
            "How the trials came to be is not known: they were not run by Study.optimize, or by an older version of it."
        ]
    tables = (_runs(notes), _versions(notes)) if notes else ()
    return Section("How to do it again", tuple(sentences), tables, codes=_codes(found))


def _runs(notes: list[dict[str, Any]]) -> Table:
    rows = [
        (
            str(note.get("command") or "not known"),
            str(note.get("sampler", "?")),
            "none" if note.get("seed") is None else str(note["seed"]),
            str(note.get("pruner", "?")),
        )
        for note in notes
    ]
    return Table(("Command", "Sampler", "Seed", "Pruner"), tuple(rows))


def _versions(notes: list[dict[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for note in notes for name in note.get("versions", {})))
    found = {
        name: dict.fromkeys(note["versions"][name] for note in notes if name in note.get("versions", {}))
        for name in names
    }
    return Table(("Library", "Version"), tuple((name, ", ".join(found[name])) for name in names))


def _codes(found: Findings) -> tuple[Code, ...]:
    if not found.front:
        return ()
    if found.best is not None:
        params = f"import optimist\n\nparams = {dictionary(found.best.params)}\n"
        return (
            Code(
                f"{params}"
                "# The objective with them:\n"
                "objective(optimist.trial.FixedTrial(params))\n"
                "# As the next trial of a study:\n"
                "study.enqueue_trial(params)\n"
            ),
        )
    shown = found.front[:_N_OF_FRONT]
    lines = "".join(f"    {trial.number}: {dictionary(trial.params, '    ')},\n" for trial in shown)
    return (
        Code(
            f"import optimist\n\nfront = {{  # parameters by number of the trial\n{lines}}}\n"
            "# The objective with one of them:\n"
            f"objective(optimist.trial.FixedTrial(front[{shown[0].number}]))\n"
        ),
    )
