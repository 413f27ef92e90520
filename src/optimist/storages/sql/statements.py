"""Every statement that the storage makes, apart from the schema.

What a transaction that writes does first is to update the study's row: that queues it behind other writers and gives it
the next number of the change sequence. Statements that take such a number return the study as it is thereafter.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Insert,
    SmallInteger,
    Text,
    Update,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)

from optimist.states import TrialState
from optimist.storages.sql.clock import now_us
from optimist.storages.sql.schema import changes, distributions, is_open, studies, study_attrs, trials
from optimist.storages.trial_ids import NUMBER_BITS

COUNTERS: Final = {
    TrialState.WAITING: "n_waiting",
    TrialState.COMPLETE: "n_complete",
    TrialState.PRUNED: "n_pruned",
    TrialState.FAIL: "n_failed",
}
"""The column that counts trials of a state; running ones are what is left of ``n_trials``."""

ENDS: Final = tuple(state for state in COUNTERS if state.is_finished())

NO_LIMIT: Final = 2**62
"""Stands for a budget without end."""


def _param(name: str, type_: Any = BigInteger) -> ColumnElement[Any]:
    return bindparam(name, type_=type_)


_STUDY: Final = _param("in_study")
_NUMBER: Final = _param("of_number")
_TRIAL: Final = _param("trial")
_CURSOR: Final = _param("after")
_STARTED: Final = _param("started")
_OP: Final = _param("op_id")
_LEASE: Final = _param("length_ms")
_SEQ: Final = _param("at")
# Constants, not parameters: only so does the planner see that the partial indices apply.
_RUNNING: Final[ColumnElement[int]] = literal_column(str(int(TrialState.RUNNING)))
_WAITING: Final[ColumnElement[int]] = literal_column(str(int(TrialState.WAITING)))
_COMPLETE: Final[ColumnElement[int]] = literal_column(str(int(TrialState.COMPLETE)))
_FEASIBLE: Final = _param("feasible", SmallInteger)
_VALUE: Final = _param("first_value", Double)
_ZERO: Final[ColumnElement[int]] = literal_column("0")
_ONE: Final[ColumnElement[int]] = literal_column("1")

_first_start: Final = case(
    (or_(_STARTED.is_(None), studies.c.first_start_us <= _STARTED), studies.c.first_start_us), else_=_STARTED
)
_first_start_of_begun: Final = case((studies.c.first_start_us <= _STARTED, studies.c.first_start_us), else_=_STARTED)
THIS_STUDY: Final = studies.c.study_id == _STUDY
THIS_TRIAL: Final = trials.c.trial_id == _TRIAL

# Studies


def place_of(study_id: ColumnElement[int], number: ColumnElement[int]) -> dict[str, ColumnElement[int]]:
    """What tells a trial from others: its id is as ``trial_id_of`` makes it."""
    trial_id = study_id * literal_column(str(1 << NUMBER_BITS)) + number
    return {"trial_id": trial_id, "study_id": study_id, "number": number}


INSERT_STUDY: Final = insert(studies).values(
    name=_param("name", Text),
    directions=_param("directions", Text),
    created_us=_param("created_us"),
    op=_OP,
    **dict.fromkeys(
        ("seq", "n_trials", "n_waiting", "n_complete", "n_pruned", "n_failed", "n_reclaimed"), literal_column("0")
    ),
)
_record: Final = (studies.c.study_id, studies.c.name, studies.c.directions, studies.c.op)
LIST_STUDIES: Final = select(*_record).order_by(studies.c.study_id)
FIND_STUDY: Final = select(*_record).where(studies.c.name == _param("named", Text))
READ_STUDY: Final = select(studies).where(THIS_STUDY)
LOCK_STUDY: Final = READ_STUDY.with_for_update()
READ_SEQ: Final = select(studies.c.seq, studies.c.n_trials).where(THIS_STUDY)
DELETE_STUDY: Final = tuple(
    delete(table).where(table.c.study_id == _STUDY) for table in (trials, changes, distributions, study_attrs, studies)
)

_MORE: Final = {
    name: studies.c[name] + _param(f"more_{name}") for name in ("n_trials", *COUNTERS.values(), "n_reclaimed")
}
ADVANCE: Final = (
    update(studies)
    .where(THIS_STUDY)
    .values(seq=studies.c.seq + _param("n_changes"), first_start_us=_first_start, **_MORE)
)
_within_budget: Final = studies.c.n_trials - studies.c.n_waiting - studies.c.n_reclaimed < _param("total")
BEGIN_NEW: Final = (
    update(studies)
    .where(THIS_STUDY, studies.c.n_waiting == literal_column("0"), _within_budget)
    .values(seq=studies.c.seq + _ONE, n_trials=studies.c.n_trials + _ONE, first_start_us=_first_start_of_begun)
)
BEGIN_WAITING: Final = (
    update(studies)
    .where(THIS_STUDY, studies.c.n_waiting > literal_column("0"), _within_budget)
    .values(seq=studies.c.seq + _ONE, n_waiting=studies.c.n_waiting - _ONE, first_start_us=_first_start_of_begun)
)
TAKES_NUMBER: Final = (ADVANCE, BEGIN_NEW, BEGIN_WAITING)
RETURNING: Final = {statement: statement.returning(studies.c.seq, studies.c.n_trials) for statement in TAKES_NUMBER}
"""The same statements for databases that can answer with the new row."""


def _noted(seq: ColumnElement[int], n_trials: ColumnElement[int]) -> ColumnElement[int]:
    """For MySQL, which cannot, but tells the value that an expression notes along with the number of rows."""
    return seq + _ZERO * func.last_insert_id(seq * literal_column(str(2**NOTED_BITS)) + n_trials)


NOTED_BITS: Final = 31
"""A noted value is the place in the sequence, and in so many bits the number of trials."""
NOTING: Final = {
    ADVANCE: ADVANCE.values(
        seq=_noted(studies.c.seq + _param("n_changes"), studies.c.n_trials + _param("more_n_trials"))
    ),
    BEGIN_NEW: BEGIN_NEW.values(seq=_noted(studies.c.seq + _ONE, studies.c.n_trials + _ONE)),
    BEGIN_WAITING: BEGIN_WAITING.values(seq=_noted(studies.c.seq + _ONE, studies.c.n_trials)),
}


def read_noted(value: int) -> tuple[int, int]:
    """The place in the sequence and the number of trials in a noted value."""
    return value >> NOTED_BITS, value & (2**NOTED_BITS - 1)


_is_better: Final = and_(
    _FEASIBLE == _ONE,
    _VALUE.is_not(None),
    or_(
        and_(studies.c.directions == "minimize", or_(studies.c.best_value.is_(None), studies.c.best_value > _VALUE)),
        and_(studies.c.directions == "maximize", or_(studies.c.best_value.is_(None), studies.c.best_value < _VALUE)),
    ),
)
BEST_COLUMNS: Final = {
    "best_number": case((_is_better, _NUMBER), else_=studies.c.best_number),
    "best_value": case((_is_better, _VALUE), else_=studies.c.best_value),
}
OFFER: Final = update(studies).where(THIS_STUDY, _is_better).values(best_number=_NUMBER, best_value=_VALUE)
"""A trial is the best from now on, if it is better than the one that was."""
FORGET_BEST: Final = (
    update(studies).where(THIS_STUDY, studies.c.best_number == _NUMBER).values(best_number=null(), best_value=null())
)

TAKE_FROM_QUEUE: Final = update(studies).where(THIS_STUDY).values(n_waiting=studies.c.n_waiting - _ONE)

UPDATE_ATTR: Final = (
    update(study_attrs)
    .where(
        study_attrs.c.study_id == _STUDY,
        study_attrs.c.is_system == _param("is_system", SmallInteger),
        study_attrs.c.name == _param("named", Text),
    )
    .values(seq=_SEQ, value=_param("text", Text))
)
INSERT_ATTR: Final = insert(study_attrs).values(
    study_id=_STUDY,
    is_system=_param("is_system", SmallInteger),
    name=_param("named", Text),
    seq=_SEQ,
    value=_param("text", Text),
)
READ_ATTRS: Final = select(study_attrs.c.is_system, study_attrs.c.name, study_attrs.c.value).where(
    study_attrs.c.study_id == _STUDY
)

# Distributions

READ_DISTRIBUTIONS: Final = (
    select(distributions.c.distribution_id, distributions.c.name, distributions.c.distribution)
    .where(distributions.c.study_id == _STUDY, distributions.c.distribution_id >= _param("from_id"))
    .order_by(distributions.c.distribution_id)
)
INSERT_DISTRIBUTION: Final = insert(distributions).values(
    study_id=_STUDY, distribution_id=_param("id"), name=_param("named", Text), distribution=_param("text", Text)
)

# Trials

_lease_end: Final = now_us() + _LEASE * literal_column("1000")
COLUMNS_OF_BEGUN: Final = {
    **place_of(studies.c.study_id, studies.c.n_trials - _ONE),
    "seq": studies.c.seq,
    "state": _RUNNING,
    "is_feasible": _ONE,
    "started_us": _STARTED,
    "op": _OP,
    "lease_ms": _LEASE,
    "lease_us": _lease_end,
}
INSERT_BEGUN: Final[Insert] = insert(trials).from_select(
    list(COLUMNS_OF_BEGUN), select(*COLUMNS_OF_BEGUN.values()).where(THIS_STUDY)
)
"""The trial that the study's row has just made room for."""

COLUMNS: Final = {
    "seq": _SEQ,
    "state": _param("new_state", SmallInteger),
    "is_feasible": _FEASIBLE,
    "value": _VALUE,
    "completed_us": _param("completed"),
    "document": _param("text", Text),
    "op": _OP,
}
INSERT_TRIAL: Final[Insert] = insert(trials).values(
    trial_id=_TRIAL, study_id=_STUDY, number=_NUMBER, started_us=_STARTED, void=_param("reason", Text), **COLUMNS
)
READ_TRIAL: Final = select(trials).where(THIS_TRIAL)
READ_OLDEST_WAITING: Final = (
    select(trials)
    .where(trials.c.study_id == _STUDY, is_open, trials.c.state == _WAITING)
    .order_by(trials.c.number)
    .limit(_ONE)
)
START_TRIAL: Final[Update] = (
    update(trials)
    .where(THIS_TRIAL)
    .values(state=_RUNNING, seq=_SEQ, started_us=_STARTED, op=_OP, lease_ms=_LEASE, lease_us=_lease_end)
)
CLAIM_TRIAL: Final[Update] = START_TRIAL.where(trials.c.state == _WAITING)
IS_PLAIN: Final = (trials.c.state == _RUNNING) & trials.c.document.is_(None)
"""A running trial whose row says nothing of it yet."""
_has_changes: Final = exists().where(changes.c.study_id == _STUDY, changes.c.number == _NUMBER)
FINISH_PLAIN_TRIAL: Final[Update] = update(trials).where(THIS_TRIAL, IS_PLAIN, ~_has_changes).values(**COLUMNS)
"""Of others, what ``READ_CHANGES`` finds has to be taken along."""
UPDATE_TRIAL: Final[Update] = update(trials).where(THIS_TRIAL).values(started_us=_STARTED, **COLUMNS)

MARK_AS_PROMOTED: Final[Update] = (
    update(trials)
    .where(
        THIS_TRIAL,
        trials.c.state == literal_column(str(int(TrialState.PRUNED))),
        trials.c.void.is_(None),
        trials.c.is_promoted.is_(None),
    )
    .values(is_promoted=literal_column("1"))
)
"""Readers are not told: they hear of the promotion itself."""

VOID_TRIAL: Final[Update] = (
    update(trials)
    .where(THIS_TRIAL)
    .values(void=_param("reason", Text), is_feasible=literal_column("0"), seq=_SEQ, op=_OP)
)
GIVE_BACK_PLACE: Final = update(studies).where(THIS_STUDY).values(n_reclaimed=studies.c.n_reclaimed + _ONE)

APPEND_CHANGE: Final = insert(changes).from_select(
    ["study_id", "seq", "number", "document", "op"],
    select(trials.c.study_id, _SEQ, trials.c.number, _param("text", Text), _OP).where(
        THIS_TRIAL, trials.c.state == _RUNNING
    ),
)
# For who finishes a trial in one round trip, and looks at its row only.
MARK_AS_CHANGED: Final = update(trials).where(THIS_TRIAL, IS_PLAIN).values(document=literal_column("'{}'"))
READ_CHANGES: Final = (
    select(changes.c.document).where(changes.c.study_id == _STUDY, changes.c.number == _NUMBER).order_by(changes.c.seq)
)
DELETE_CHANGES: Final = delete(changes).where(changes.c.study_id == _STUDY, changes.c.number == _NUMBER)

# What a call has written already, although its answer was lost

FIND_OP: Final = (
    select(trials.c.number).where(trials.c.study_id == _STUDY, trials.c.op == _OP).order_by(trials.c.number)
)
FIND_CHANGE: Final = select(changes.c.number).where(
    changes.c.study_id == _STUDY, changes.c.number == _NUMBER, changes.c.op == _OP
)

# Leases

HEARTBEAT: Final = (
    update(trials)
    .where(THIS_TRIAL, trials.c.state == _RUNNING, trials.c.lease_ms.is_not(None))
    .values(lease_us=now_us() + trials.c.lease_ms * literal_column("1000"))
)
_lease_columns: Final = (trials.c.number, trials.c.lease_ms, trials.c.lease_us, now_us().label("now"))
READ_LEASES: Final = select(*_lease_columns).where(
    trials.c.study_id == _STUDY, is_open, trials.c.state == _RUNNING, trials.c.lease_ms.is_not(None)
)
READ_LEASE: Final = select(*_lease_columns).where(
    THIS_TRIAL, trials.c.state == _RUNNING, trials.c.lease_ms.is_not(None)
)

# What changed since a cursor, in one statement, for only a single statement sees one state on every database.

OF_TRIAL, OF_RUNNING, OF_STUDY, OF_DISTRIBUTION = range(4)


def _arm(kind: int, **columns: ColumnElement[Any]) -> Any:
    names = ("seq", "number", "state", "started_us", "completed_us", "name", "document", "void")
    kinds = {"name": Text, "document": Text, "void": Text}
    return select(
        literal_column(str(kind)).label("kind"),
        *(columns.get(name, cast(null(), kinds.get(name, BigInteger))).label(name) for name in names),
    )


READ_NEWS: Final = union_all(
    _arm(
        OF_TRIAL,
        seq=trials.c.seq,
        number=trials.c.number,
        state=trials.c.state,
        started_us=trials.c.started_us,
        completed_us=trials.c.completed_us,
        document=trials.c.document,
        void=trials.c.void,
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
    ).where(distributions.c.study_id == _STUDY, distributions.c.distribution_id >= _param("from_id")),
)

_candidates: Final = select(trials.c.number, trials.c.value).where(
    trials.c.study_id == _STUDY,
    trials.c.state == _COMPLETE,
    trials.c.is_feasible == _ONE,
    trials.c.value.is_not(None),
)
# seq: the first that finished among equals.
FIND_BEST: Final = {
    "minimize": _candidates.order_by(trials.c.value, trials.c.seq).limit(_ONE),
    "maximize": _candidates.order_by(trials.c.value.desc(), trials.c.seq).limit(_ONE),
}
"""By the directions of the study: what ``OFFER`` would have kept, from a look at all trials."""
