"""Statements that begin a new trial, finish a plain one, or both, in one round trip to PostgreSQL.

Each is a single statement, and so a transaction of its own. It returns no row if it cannot be done.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Update, exists, insert, literal_column, select, update

from optimist.states import TrialState
from optimist.storages.sql.schema import studies, trials
from optimist.storages.sql.statements import (
    BEGIN_NEW,
    BEST_COLUMNS,
    COLUMNS,
    COLUMNS_OF_BEGUN,
    COUNTERS,
    ENDS,
    IS_PLAIN,
    THIS_STUDY,
    THIS_TRIAL,
    place_of,
)

_ONE: Final[ColumnElement[int]] = literal_column("1")
_STUDY_NOW: Final = (studies.c.study_id, studies.c.seq, studies.c.n_trials)


def _insert_begun(study: Any) -> Any:
    begun = COLUMNS_OF_BEGUN | place_of(study.c.study_id, study.c.n_trials - _ONE) | {"seq": study.c.seq}
    return insert(trials).from_select(list(begun), select(*begun.values())).returning(trials.c.number, trials.c.seq)


# Who finishes a trial this way sees the changes that were committed before; the row, as it is now.
_plain: Final = select(trials.c.trial_id).where(THIS_TRIAL, IS_PLAIN).with_for_update().cte("plain")
_is_there: Final = exists(select(_plain.c.trial_id))


def _end(state: TrialState, n_changes: int) -> dict[str, Any]:
    counter = COUNTERS[state]
    ended = {"seq": studies.c.seq + literal_column(str(n_changes)), counter: studies.c[counter] + _ONE}
    return ended | BEST_COLUMNS if state == TrialState.COMPLETE else ended


def _finish_plain(seq: ColumnElement[int]) -> Update:
    return update(trials).where(trials.c.trial_id == _plain.c.trial_id).values(COLUMNS | {"seq": seq})


def _finish(state: TrialState) -> Update:
    study = update(studies).where(THIS_STUDY, _is_there).values(_end(state, 1)).returning(*_STUDY_NOW).cte("study")
    return _finish_plain(study.c.seq).returning(trials.c.seq)


def _finish_and_begin(state: TrialState) -> Any:
    study = BEGIN_NEW.where(_is_there).values(_end(state, 2)).returning(*_STUDY_NOW).cte("study")
    return _insert_begun(study).add_cte(_finish_plain(study.c.seq - _ONE).cte("finished"))


BEGIN: Final = _insert_begun(BEGIN_NEW.returning(*_STUDY_NOW).cte("study"))
FINISH: Final = {state: _finish(state) for state in ENDS}
FINISH_AND_BEGIN: Final = {state: _finish_and_begin(state) for state in ENDS}
"""By the state in which the trial finishes."""
