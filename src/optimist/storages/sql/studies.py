"""Studies in a database: made, found, described, removed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from optimist.exceptions import DuplicatedStudyError, StorageInternalError, StudyNotFoundError
from optimist.history.draft import StudyChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import StudyRecord, Summary, check_name
from optimist.storages.documents import attr_to_json, storable_attrs
from optimist.storages.memory import now_us
from optimist.storages.sql import statements as sql
from optimist.storages.sql.opened import OpenedStorage, new_op
from optimist.storages.sql.reading import (
    directions_text,
    learn_distributions,
    to_record,
    to_study_change,
    to_trial_change,
)
from optimist.storages.sql.session import Row, Session
from optimist.storages.sql.transaction import StudyTransaction
from optimist.storages.sql.urls import masked
from optimist.storages.trial_ids import trial_id_of


class StudiesPart(OpenedStorage):
    """What a storage does with whole studies."""

    def create_study(self, name: str | None, directions: Sequence[StudyDirection]) -> StudyRecord:
        name = f"no-name-{uuid.uuid4()}" if name is None else name
        check_name("A study's name", name)
        op = new_op()
        row = {"name": name, "directions": directions_text(directions), "created_us": now_us(), "op_id": op}

        def create(session: Session, _: bool) -> Row:
            found = session.first(sql.FIND_STUDY, {"named": name})
            if found is None:
                session.count(sql.INSERT_STUDY, row)
                found = session.first(sql.FIND_STUDY, {"named": name})
            return found

        try:
            made = self._database.write(create)
        except StorageInternalError as error:
            if not is_integrity_error(error.__cause__):
                raise
            made = self._database.read(lambda session: session.first(sql.FIND_STUDY, {"named": name}))  # made meanwhile
        if made.op != op:
            raise DuplicatedStudyError(
                f"There is a study named {name!r} already. Use another name, or load_if_exists=True to go on with it."
            )
        return to_record(made)

    def load_study(self, name: str) -> StudyRecord:
        row = self._database.read(lambda session: session.first(sql.FIND_STUDY, {"named": name}))
        if row is None:
            raise StudyNotFoundError(f"There is no study named {name!r} in {masked(self.url)}.")
        return to_record(row)

    def list_studies(self) -> list[StudyRecord]:
        return [to_record(row) for row in self._database.read(lambda session: session.all(sql.LIST_STUDIES, {}))]

    def delete_study(self, study_id: int) -> None:
        def delete(transaction: StudyTransaction, is_retry: bool) -> None:
            if not transaction.advance():
                if is_retry:
                    return  # the earlier attempt has done it
                raise self._no_study(study_id)
            for statement in sql.DELETE_STUDY:
                transaction.session.count(statement, {"in_study": study_id})

        self._change(study_id, delete)
        self._known.pop(study_id, None)

    def summary(self, study_id: int) -> Summary:
        in_study = {"in_study": study_id}
        known = self._known_of(study_id)

        def read(session: Session) -> tuple[Row, list[Row], Row | None]:
            study = session.first(sql.READ_STUDY, in_study)
            if study is None:
                raise self._no_study(study_id)
            attrs = session.all(sql.READ_ATTRS, in_study)
            best = None
            if study.best_number is not None:
                best = session.first(sql.READ_TRIAL, {"trial": trial_id_of(study_id, study.best_number)})
                learn_distributions(session, study_id, known)
            return study, attrs, best

        study, attrs, best = self._database.read(read)
        counts = {state: getattr(study, column) for state, column in sql.COUNTERS.items()}
        counts[TrialState.RUNNING] = study.n_trials - sum(counts.values())
        return Summary(
            record=to_record(study),
            counts={state: counts[state] for state in TrialState},
            best=None if best is None else to_trial_change(best, known),
            first_start_us=study.first_start_us,
            attrs=to_study_change((row[0], row[1], row[2]) for row in attrs),
        )

    def write_study(self, study_id: int, change: StudyChange) -> None:
        stored = (storable_attrs(change.user_attrs), storable_attrs(change.system_attrs))

        def write(transaction: StudyTransaction, _: bool) -> None:  # once more does no harm
            if not transaction.advance():
                raise self._no_study(study_id)
            for is_system, attrs in enumerate(stored):
                transaction.set_study_attrs({name: attr_to_json(value) for name, value in attrs.items()}, is_system)

        self._change(study_id, write)


def is_integrity_error(error: BaseException | None) -> bool:
    """Whether a database says that a row would be there twice; every driver has an error of this name."""
    return any(kind.__name__ == "IntegrityError" for kind in type(error).__mro__)
