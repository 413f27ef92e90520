"""Statements that begin a new trial, finish a plain one, or both, in one round trip to MariaDB.

Each is a block of statements that the server runs as one, and that answers with one row: the study's place in the
sequence and its number of trials; then it has committed. There is no answer if it cannot be done: nothing was changed,
but a transaction was begun.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import TextClause, text

from optimist.states import TrialState
from optimist.storages.sql.statements import COUNTERS, ENDS
from optimist.storages.trial_ids import NUMBER_BITS

_BLOCK: Final = """
    BEGIN NOT ATOMIC
        DECLARE old_seq, old_n BIGINT;
        SELECT seq, n_trials INTO old_seq, old_n FROM optimist_studies WHERE study_id = :in_study {if_within} FOR UPDATE;
        IF old_seq IS NOT NULL THEN
            {work}
        END IF;
    END
"""

_IF_WITHIN: Final = "AND n_waiting = 0 AND n_trials - n_waiting - n_reclaimed < :total"

_BEGIN: Final = """
    INSERT INTO optimist_trials
        (trial_id, study_id, number, seq, state, is_feasible, started_us, op, lease_ms, lease_us)
    VALUES (
        :in_study * {ids_per_study} + old_n, :in_study, old_n, old_seq + {n_changes}, {running}, 1,
        :started, :op_id, :length_ms, CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) + 1000 * :length_ms
    );
"""

_FINISH: Final = """
    UPDATE optimist_trials
    SET seq = old_seq + 1, state = :new_state, is_feasible = :feasible, value = :first_value,
        completed_us = :completed, document = :text, op = :op_id
    WHERE trial_id = :trial AND state = {running} AND document IS NULL;
"""

_IF_FINISHED: Final = "IF ROW_COUNT() = 1 THEN {} END IF;"

_ADVANCE: Final = """
    UPDATE optimist_studies
    SET seq = old_seq + {n_changes}, n_trials = old_n + {n_new} {more}
    WHERE study_id = :in_study;
    COMMIT;
    SELECT old_seq + {n_changes} AS seq, old_n + {n_new} AS n_trials;
"""

_STARTED: Final = ", first_start_us = COALESCE(LEAST(first_start_us, :started), :started)"

# In this order: MySQL assigns from left to right, and sees what it has assigned.
_OFFER: Final = """
    , best_number = CASE
        WHEN :feasible = 1 AND :first_value IS NOT NULL AND (
            directions = 'minimize' AND (best_value IS NULL OR :first_value < best_value)
            OR directions = 'maximize' AND (best_value IS NULL OR :first_value > best_value)
        ) THEN :of_number
        ELSE best_number
    END,
    best_value = CASE WHEN best_number = :of_number THEN :first_value ELSE best_value END
"""


_RUNNING: Final = int(TrialState.RUNNING)


def _begin() -> TextClause:
    begin = _insert(1) + _ADVANCE.format(n_changes=1, n_new=1, more=_STARTED)
    return _block(begin, _IF_WITHIN)


def _finish(state: TrialState) -> TextClause:
    advance = _ADVANCE.format(n_changes=1, n_new=0, more=_ended(state))
    return _block(_FINISH.format(running=_RUNNING) + _IF_FINISHED.format(advance))


def _finish_and_begin(state: TrialState) -> TextClause:
    advance = _ADVANCE.format(n_changes=2, n_new=1, more=_STARTED + _ended(state))
    return _block(_FINISH.format(running=_RUNNING) + _IF_FINISHED.format(_insert(2) + advance), _IF_WITHIN)


def _insert(n_changes: int) -> str:
    return _BEGIN.format(n_changes=n_changes, running=_RUNNING, ids_per_study=1 << NUMBER_BITS)


def _ended(state: TrialState) -> str:
    counted = f", {COUNTERS[state]} = {COUNTERS[state]} + 1"
    return counted + _OFFER if state == TrialState.COMPLETE else counted


def _block(work: str, if_within: str = "") -> TextClause:
    lines = [line.strip() for line in _BLOCK.format(work=work, if_within=if_within).splitlines()]
    return text(" ".join(line for line in lines if line))


BEGIN: Final = _begin()
FINISH: Final = {state: _finish(state) for state in ENDS}
FINISH_AND_BEGIN: Final = {state: _finish_and_begin(state) for state in ENDS}
"""By the state in which the trial finishes."""
