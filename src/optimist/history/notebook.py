"""Trials and studies as small tables for notebooks: HTML that needs no script, no style sheet and no network.

Whatever a user named is escaped: a parameter called ``<script>`` shows as such.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from optimist.states import TrialState

_N_MAX_ROWS: Final = 40
_N_MAX_CHARACTERS: Final = 120

Row = tuple[str, str]
"""What it is, and the value; plain text."""


class TrialOfTable(Protocol):
    """What the table of a trial tells of it."""

    @property
    def number(self) -> int: ...
    @property
    def state(self) -> TrialState: ...
    @property
    def values(self) -> Sequence[float] | None: ...
    @property
    def params(self) -> dict[str, Any]: ...
    @property
    def user_attrs(self) -> dict[str, Any]: ...
    @property
    def constraints(self) -> dict[str, float]: ...
    @property
    def intermediate_values(self) -> dict[int, float]: ...
    @property
    def duration(self) -> Any: ...
    @property
    def void_reason(self) -> str | None: ...


def trial_html(trial: TrialOfTable) -> str:
    """A trial as a table: its value, its parameters, and what else is known."""
    facts = [("state", state_word(trial.state) + ("" if trial.void_reason is None else f", void: {trial.void_reason}"))]
    values = trial.values or []
    facts += [("value" if len(values) == 1 else f"value {i}", number_text(v)) for i, v in enumerate(values)]
    if trial.duration is not None:
        facts.append(("duration", f"{trial.duration.total_seconds():,.4g} s"))
    facts += [(f"constraint {key}", f"{c:.6g}{' (violated)' if c > 0 else ''}") for key, c in trial.constraints.items()]
    if trial.intermediate_values:
        last = max(trial.intermediate_values)
        facts.append(("last report", f"{number_text(trial.intermediate_values[last])} at step {last}"))
    sections = [
        ("", facts),
        ("parameters", param_rows(trial.params)),
        ("user attributes", param_rows(trial.user_attrs)),
    ]
    return table_html(f"Trial {trial.number}", sections)


def table_html(title: str, sections: Iterable[tuple[str, Sequence[Row]]]) -> str:
    """A table with a title, in sections; those without rows are left out, long ones are cut."""
    lines = []
    for name, rows in sections:
        if not rows:
            continue
        if name:
            lines.append(
                f'<tr><th colspan="2" style="text-align:left;padding-top:0.6em">{html.escape(_short(name))}</th></tr>'
            )
        shown = [
            *rows[:_N_MAX_ROWS],
            *([("…", f"and {len(rows) - _N_MAX_ROWS} more")] if len(rows) > _N_MAX_ROWS else []),
        ]
        lines += [
            f'<tr><td style="text-align:left;opacity:0.75;padding:0.1em 1.2em 0.1em 0">{html.escape(_short(key))}</td>'
            f'<td style="text-align:left;font-variant-numeric:tabular-nums">{html.escape(_short(value))}</td></tr>'
            for key, value in shown
        ]
    return (
        f'<div><strong>{html.escape(_short(title))}</strong><table style="border-collapse:collapse;margin-top:0.3em">'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def state_word(state: TrialState) -> str:
    """A state as people say it."""
    return "failed" if state == TrialState.FAIL else state.name.lower()


def number_text(value: float) -> str:
    """A number with the digits that matter to the eye."""
    return f"{value:.6g}"


def param_rows(items: Mapping[str, Any]) -> list[Row]:
    """Values by name, numbers shortened."""
    return [(key, number_text(v) if isinstance(v, float) else repr(v)) for key, v in items.items()]


def _short(words: str) -> str:
    return words if len(words) <= _N_MAX_CHARACTERS else words[: _N_MAX_CHARACTERS - 1] + "…"
