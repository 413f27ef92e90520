"""Copy studies out of Optuna's stores into a storage of ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from optimist.exceptions import DuplicatedStudyError, StudyNotFoundError
from optimist.history.draft import StudyChange
from optimist.logging import get_logger
from optimist.states import StudyDirection
from optimist.storages.base import Storage
from optimist.storages.exchange.opening import open_source
from optimist.storages.exchange.source import Source, SourceStudy
from optimist.storages.open import StorageLike, open_storage

_logger = get_logger(__name__)

Progress = Callable[[str, int, int], None]
"""Is told a study's name, and how many of how many trials are copied."""


@dataclass(frozen=True, slots=True)
class CopiedStudy:
    """A study that was copied.

    Attributes:
        name: Its name.
        n_trials: How many trials were copied.
    """

    name: str
    n_trials: int


def import_from_optuna(
    url: str | os.PathLike[str],
    storage: StorageLike | None = None,
    *,
    study_names: Sequence[str] | None = None,
    skip_if_exists: bool = False,
    create_database: bool = False,
    progress: Progress | None = None,
) -> list[CopiedStudy]:
    """Copy studies out of Optuna's database or journal file, with all that it keeps of them. Optuna is not needed.

    Trials keep numbers, states, times, values, parameters, distributions, intermediate values, constraints and
    attributes; queued ones wait on, running ones stay running. The source is not changed. Memory is that of some hundred
    trials; of a journal, that of the trials that overlap in time. If the copy fails or is interrupted, what it has made
    is deleted again.

    Args:
        url: The database or journal file of Optuna; see the manual's page "From Optuna and back".
        storage: Where the copies shall live, as in ``create_study``; may be the same database.
        study_names: Which studies; None for all.
        skip_if_exists: Leave out studies of which the storage has one of the same name.
        create_database: Make the database of ``storage`` on its server if there is none of that name.
        progress: Called after each batch with the study's name, and how many of how many trials are copied.

    Raises:
        StudyNotFoundError: The source has no study of such a name; it is a KeyError.
        DuplicatedStudyError: The storage has a study of the same name.
        StorageInternalError: The source is not Optuna's, or cannot be read.
    """
    source = open_source(url)
    try:
        studies = _wanted(source.studies(), study_names)
        target = open_storage(storage, create_database=create_database, beside_optuna=True)
        taken = {record.name for record in target.list_studies()}
        clashes = [study for study in studies if study.name in taken]
        if clashes and not skip_if_exists:
            raise _clash(target, clashes)
        return _copy(source, target, [study for study in studies if study.name not in taken], progress)
    finally:
        source.close()


def _wanted(found: list[SourceStudy], names: Sequence[str] | None) -> list[SourceStudy]:
    if names is None:
        return found
    missing = set(names) - {study.name for study in found}
    if missing:
        raise StudyNotFoundError(
            f"There is no study named {', '.join(map(repr, sorted(missing)))} to import. The source has: "
            f"{', '.join(repr(study.name) for study in found[:20]) or 'none'}."
        )
    return [study for study in found if study.name in set(names)]


def _clash(target: Storage, clashes: Sequence[SourceStudy]) -> DuplicatedStudyError:
    study = clashes[0]
    n_trials = target.summary(target.load_study(study.name).study_id).n_trials
    others = f", and {len(clashes) - 1} more" if len(clashes) > 1 else ""
    return DuplicatedStudyError(
        f"The storage has a study named {study.name!r} already, with {n_trials} trials ({study.n_trials} would be "
        f"imported){others}. Delete it, name other studies, or leave those out that exist (skip_if_exists, "
        "--skip-if-exists)."
    )


def _copy(
    source: Source, target: Storage, studies: Sequence[SourceStudy], progress: Progress | None
) -> list[CopiedStudy]:
    made: dict[int, int] = {}
    counts = dict.fromkeys((study.key for study in studies), 0)
    renumbered: set[str] = set()
    try:
        for study in studies:
            made[study.key] = target.create_study(study.name, _directions(study)).study_id
            if study.user_attrs or study.system_attrs:
                target.write_study(made[study.key], StudyChange(study.user_attrs, study.system_attrs))
        for study, trials in source.batches(studies):
            if trials[-1].number != counts[study.key] + len(trials) - 1:
                renumbered.add(study.name)
            target.add_trials(made[study.key], trials)
            counts[study.key] += len(trials)
            if progress is not None:
                progress(study.name, counts[study.key], study.n_trials)
    except BaseException:
        for study_id in made.values():
            with suppress(Exception):  # what broke first is what the user should hear of
                target.delete_study(study_id)
        raise
    for name in sorted(renumbered):
        _logger.warning("Study %r: the numbers of its trials had gaps; the copies are numbered without.", name)
    return [CopiedStudy(study.name, counts[study.key]) for study in studies]


def _directions(study: SourceStudy) -> list[StudyDirection]:
    """Those of the study; early releases of Optuna made studies that have none yet, and minimised."""
    known: list[StudyDirection] = [
        d if d != StudyDirection.NOT_SET else StudyDirection.MINIMIZE for d in study.directions
    ]
    return known or [StudyDirection.MINIMIZE]
