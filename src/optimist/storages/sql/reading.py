"""From rows to changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from optimist.history.collector import collector_paused
from optimist.history.draft import Change, StudyChange, TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.base import StudyRecord
from optimist.storages.decoder import Decoder
from optimist.storages.documents import Document, attr_from_json, decode, decode_all
from optimist.storages.known import KnownDistributions
from optimist.storages.sql import statements as sql
from optimist.storages.sql.session import Row, Session
from optimist.storages.trial_ids import trial_id_of

_STATES = tuple(TrialState)  # by their numbers


def read_news(session: Session, study_id: int, cursor: int, known: KnownDistributions) -> list[Row]:
    """What changed since the cursor, in order of commits; distributions among it become known."""
    params = {"in_study": study_id, "after": cursor, "from_id": len(known.items)}
    rows = session.all(sql.READ_NEWS, params)
    # The order of the statement's parts: trials and their changes first.
    n_news = len(rows)
    while n_news and rows[n_news - 1][0] == sql.OF_DISTRIBUTION:
        n_news -= 1
    known.learn(sorted((row.number, row.name, row.document) for row in rows[n_news:]))
    del rows[n_news:]
    rows.sort(key=itemgetter(1))
    return rows


def learn_distributions(session: Session, study_id: int, known: KnownDistributions) -> None:
    """Read the distributions that are not known yet."""
    rows = session.all(sql.READ_DISTRIBUTIONS, {"in_study": study_id, "from_id": len(known.items)})
    known.learn([(row[0], row[1], row[2]) for row in rows])


def to_changes(study_id: int, news: Sequence[Row], known: KnownDistributions) -> list[Change]:
    """Turn what ``read_news`` found into changes."""
    decoder = Decoder(known)
    with collector_paused():
        documents = iter(decode_all([row.document or "{}" for row in news if row[0] != sql.OF_STUDY]))
        found: list[Change] = []
        for kind, _, number, state, started_us, completed_us, name, text, void in news:
            if kind == sql.OF_TRIAL:
                trial_id = trial_id_of(study_id, number)
                change = TrialChange(number, trial_id, _STATES[state], None, started_us, completed_us, void=void)
                found.append(decoder.complete(change, next(documents)))
            elif kind == sql.OF_RUNNING:
                found.append(decoder.complete(TrialChange(number), next(documents)))
            else:
                found.append(to_study_change([(number, name, text)]))
        return found


def to_trial_change(row: Row, known: KnownDistributions) -> TrialChange:
    """All that a trial's row says."""
    document = Document() if row.document is None else decode(row.document)
    change = TrialChange(
        row.number, row.trial_id, _STATES[row.state], None, row.started_us, row.completed_us, void=row.void
    )
    return Decoder(known).complete(change, document)


def to_study_change(rows: Iterable[tuple[int, str, str]]) -> StudyChange:
    """Attributes of a study, from (whether it is a system attribute, name, JSON)."""
    change = StudyChange()
    for is_system, name, text in rows:
        (change.system_attrs if is_system else change.user_attrs)[name] = attr_from_json(text)
    return change


def to_record(row: Row) -> StudyRecord:
    """A study, from a row with its id, name and directions."""
    directions = tuple(StudyDirection[name.upper()] for name in row.directions.split(","))
    return StudyRecord(row.study_id, row.name, directions)


def directions_text(directions: Sequence[StudyDirection]) -> str:
    """Directions as ``to_record`` reads them."""
    return ",".join(direction.name.lower() for direction in directions)
