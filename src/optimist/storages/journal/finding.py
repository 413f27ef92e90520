"""Finding the best trial again, by reading all, after the one that was the best became void."""

from __future__ import annotations

from bisect import bisect_left

from optimist.states import TrialState
from optimist.storages.documents import read_attrs
from optimist.storages.entry import is_feasible
from optimist.storages.journal.folding import fold
from optimist.storages.journal.journal import Journal
from optimist.storages.journal.state import StudyState


def find_best(journal: Journal, study: StudyState) -> None:
    """Have the state of a study know its best trial again."""
    told = journal.records(study)
    candidates: list[tuple[int, float]] = []
    for trial in fold(told).finished if len(study.record.directions) == 1 else ():
        number, document = trial.entry.number, trial.document()
        if trial.entry.state != TrialState.COMPLETE or number in study.voids or not document.values:
            continue
        if is_feasible(read_attrs(document.system_attrs)):
            candidates.append((number, document.values[0]))

    def rows_of(number: int) -> list[int]:
        return [
            bisect_left(study.seqs, seq)
            for seq, record in told
            if any(entry.number == number for entry in record.trials)
        ]

    study.find_best(candidates, rows_of)
