"""A study as a small table for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from optimist.history.notebook import Row, number_text, param_rows, state_word, table_html
from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection, TrialState


class _LedgerOfTable(Protocol):
    def best_trial(self) -> FrozenTrial | None: ...


class StudyOfTable(Protocol):
    """What the table tells of a study."""

    @property
    def study_name(self) -> str: ...
    @property
    def directions(self) -> list[StudyDirection]: ...
    @property
    def metric_names(self) -> list[str] | None: ...
    @property
    def default_trial(self) -> FrozenTrial | None: ...
    @property
    def best_trials(self) -> list[FrozenTrial]: ...
    @property
    def ledger(self) -> _LedgerOfTable: ...
    def count_trials(self) -> dict[TrialState, int]: ...


def study_html(study: StudyOfTable) -> str:
    """The study's trials by state, and its best value beside that of the recommended parameters."""
    counts = study.count_trials()
    words = [f"{n:,} {state_word(state)}" for state, n in counts.items() if n]
    metrics = study.metric_names or [""] * len(study.directions)
    goals = [f"{d.name.lower()} {metric}".strip() for d, metric in zip(study.directions, metrics, strict=True)]
    facts: list[Row] = [("goal", ", ".join(goals)), ("trials", ", ".join(words) or "none yet")]
    sections: list[tuple[str, Sequence[Row]]] = [("", facts)]
    if len(goals) > 1:
        n_front = len(study.best_trials)
        facts.append(("Pareto front", f"{n_front:,} {'trial' if n_front == 1 else 'trials'}"))
        return table_html(f"Study {study.study_name}", sections)
    for name, trial in (("best value", study.ledger.best_trial()), ("value of the defaults", study.default_trial)):
        if trial is not None and trial.value is not None:
            facts.append((name, f"{number_text(trial.value)} (trial {trial.number})"))
            if name == "best value":
                sections.append(("best parameters", param_rows(trial.params)))
    return table_html(f"Study {study.study_name}", sections)
