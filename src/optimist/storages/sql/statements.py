"""Every statement that the storage makes, apart from the schema.

What a transaction that writes does first is to update the study's row: that queues it behind other writers and gives it
the next number of the change sequence. Statements that take such a number return the study as it is thereafter.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Text,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from optimist.states import StudyDirection, TrialState
from optimist.storages.sql.schema import changes, distributions, studies, study_attrs, trials

COUNTERS: Final = {
    TrialState.WAITING: "n_waiting",
    TrialState.COMPLETE: "n_complete",
    TrialState.PRUNED: "n_pruned",
    TrialState.FAIL: "n_failed",
}
"""The column that counts trials of a state; running ones are what is left of ``n_trials``."""

_STUDY: Final = bindparam("in_study", type_=BigInteger)
_NUMBER: Final = bindparam("of_number", type_=BigInteger)
_CURSOR: Final = bindparam("after", type_=BigInteger)
_STARTED: Final = bindparam("started", type_=BigInteger)
# Constants, not parameters: only so does the planner see that the partial indices apply.
_RUNNING: Final[ColumnElement[int]] = literal_column(str(int(TrialState.RUNNING)))
_WAITING: Final[ColumnElement[int]] = literal_column(str(int(TrialState.WAITING)))
_COMPLETE: Final[ColumnElement[int]] = literal_column(str(int(TrialState.COMPLETE)))

_first_start: Final = case(
    (or_(_STARTED.is_(None), studies.c.first_start_us <= _STARTED), studies.c.first_start_us), else_=_STARTED
)
_this_study: Final = studies.c.study_id == _STUDY
_this_trial: Final = (trials.c.study_id == _STUDY) & (trials.c.number == _NUMBER)

# Studies

INSERT_STUDY: Final = insert(studies).values(seq=0, n_trials=0, n_waiting=0, n_complete=0, n_pruned=0, n_failed=0)
LIST_STUDIES: Final = select(studies.c.study_id, studies.c.name, studies.c.directions).order_by(studies.c.study_id)
FIND_STUDY: Final = select(studies.c.study_id, studies.c.name, studies.c.directions).where(
    studies.c.name == bindparam("named")
)
READ_STUDY: Final = select(studies).where(_this_study)
READ_SEQ: Final = select(studies.c.seq, studies.c.n_trials).where(_this_study)
DELETE_STUDY: Final = tuple(
    delete(table).where(table.c.study_id == _STUDY) for table in (trials, changes, distributions, study_attrs, studies)
)

ADVANCE: Final = (
    update(studies)
    .where(_this_study)
    .values(
        {studies.c.seq: studies.c.seq + bindparam("n_changes"), studies.c.first_start_us: _first_start}
        | {studies.c[name]: studies.c[name] + bindparam(f"more_{name}") for name in ("n_trials", *COUNTERS.values())}
    )
)
BEGIN_NEW: Final = (
    update(studies)
    .where(_this_study, studies.c.n_waiting == 0)
    .values(seq=studies.c.seq + 1, n_trials=studies.c.n_trials + 1, first_start_us=_first_start)
)
BEGIN_WAITING: Final = (
    update(studies)
    .where(_this_study, studies.c.n_waiting > 0)
    .values(seq=studies.c.seq + 1, n_waiting=studies.c.n_waiting - 1, first_start_us=_first_start)
)
RETURNING: Final = {
    statement: statement.returning(studies.c.seq, studies.c.n_trials)
    for statement in (ADVANCE, BEGIN_NEW, BEGIN_WAITING)
}
"""The same statements for databases that can answer with the new row."""

TAKE_FROM_QUEUE: Final = update(studies).where(_this_study).values(n_waiting=studies.c.n_waiting - 1)

UPDATE_ATTR: Final = (
    update(study_attrs)
    .where(
        study_attrs.c.study_id == _STUDY,
        study_attrs.c.is_system == bindparam("system"),
        study_attrs.c.name == bindparam("named"),
    )
    .values(seq=bindparam("at"), value=bindparam("text"))
)
INSERT_ATTR: Final = insert(study_attrs)
READ_ATTRS: Final = select(study_attrs.c.is_system, study_attrs.c.name, study_attrs.c.value).where(
    study_attrs.c.study_id == _STUDY
)

# Distributions

READ_DISTRIBUTIONS: Final = (
    select(distributions.c.distribution_id, distributions.c.name, distributions.c.distribution)
    .where(distributions.c.study_id == _STUDY, distributions.c.distribution_id >= bindparam("from_id"))
    .order_by(distributions.c.distribution_id)
)
INSERT_DISTRIBUTION: Final = insert(distributions)

# Trials

INSERT_TRIAL: Final[Insert] = insert(trials)
READ_TRIAL: Final = select(trials).where(_this_trial)
READ_OLDEST_WAITING: Final = (
    select(trials).where(trials.c.study_id == _STUDY, trials.c.state == _WAITING).order_by(trials.c.number).limit(1)
)
START_TRIAL: Final[Update] = (
    update(trials).where(_this_trial).values(state=_RUNNING, seq=bindparam("at"), started_us=_STARTED)
)
FINISH_PLAIN_TRIAL: Final[Update] = update(trials).where(
    _this_trial,
    trials.c.state == _RUNNING,
    trials.c.document.is_(None),
    ~exists().where(changes.c.study_id == _STUDY, changes.c.number == _NUMBER),
)
"""Of a running trial of which nothing has been said yet; others take what ``READ_CHANGES`` finds with them."""
UPDATE_TRIAL: Final[Update] = update(trials).where(_this_trial)

APPEND_CHANGE: Final = insert(changes).from_select(
    ["study_id", "seq", "number", "document"],
    select(trials.c.study_id, bindparam("at", type_=BigInteger), trials.c.number, bindparam("text", type_=Text)).where(
        _this_trial, trials.c.state == _RUNNING
    ),
)
READ_CHANGES: Final = (
    select(changes.c.document).where(changes.c.study_id == _STUDY, changes.c.number == _NUMBER).order_by(changes.c.seq)
)
DELETE_CHANGES: Final = delete(changes).where(changes.c.study_id == _STUDY, changes.c.number == _NUMBER)

# What changed since a cursor, in one statement, for only a single statement sees one state on every database.

OF_TRIAL, OF_RUNNING, OF_STUDY, OF_DISTRIBUTION = range(4)


def _arm(kind: int, **columns: ColumnElement[Any]) -> Any:
    names = ("seq", "number", "trial_id", "state", "started_us", "completed_us", "name", "document")
    kinds = {"name": Text}
    return select(
        literal_column(str(kind)).label("kind"),
        *(columns.get(name, literal(None, kinds.get(name, BigInteger))).label(name) for name in names),
    )


READ_NEWS: Final = union_all(
    _arm(
        OF_TRIAL,
        seq=trials.c.seq,
        number=trials.c.number,
        trial_id=trials.c.trial_id,
        state=trials.c.state,
        started_us=trials.c.started_us,
        completed_us=trials.c.completed_us,
        document=trials.c.document,
    ).where(trials.c.study_id == _STUDY, trials.c.seq > _CURSOR),
    _arm(OF_RUNNING, seq=changes.c.seq, number=changes.c.number, document=changes.c.document).where(
        changes.c.study_id == _STUDY, changes.c.seq > _CURSOR
    ),
    _arm(
        OF_STUDY,
        seq=study_attrs.c.seq,
        number=study_attrs.c.is_system,
        name=study_attrs.c.name,
        document=study_attrs.c.value,
    ).where(study_attrs.c.study_id == _STUDY, study_attrs.c.seq > _CURSOR),
    _arm(
        OF_DISTRIBUTION,
        number=distributions.c.distribution_id,
        name=distributions.c.name,
        document=distributions.c.distribution,
    ).where(distributions.c.study_id == _STUDY, distributions.c.distribution_id >= bindparam("from_id")),
)

_feasible_complete: Final = (
    (trials.c.study_id == _STUDY) & (trials.c.state == _COMPLETE) & (trials.c.is_feasible == literal_column("1"))
)


def _read_best(best: Any) -> Any:
    value = select(best(trials.c.value)).where(_feasible_complete).scalar_subquery()
    # seq: the first that finished among equals.
    return select(trials).where(_feasible_complete, trials.c.value == value).order_by(trials.c.seq).limit(1)


READ_BEST: Final = {
    StudyDirection.MINIMIZE: _read_best(func.min),
    StudyDirection.MAXIMIZE: _read_best(func.max),
}
