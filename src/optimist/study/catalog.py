"""Make, find, copy, delete and list studies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, Literal

from optimist.exceptions import DuplicatedStudyError
from optimist.history.draft import StudyChange
from optimist.history.history import change_of
from optimist.history.parameter_constraint import Predicate
from optimist.logging import get_logger
from optimist.pruners.base import BasePruner
from optimist.samplers.base import BaseSampler
from optimist.states import StudyDirection
from optimist.storages.base import Storage, check_name
from optimist.storages.face import InMemoryStorage
from optimist.storages.open import StorageLike, open_face, open_storage
from optimist.study.dry_run import is_dry
from optimist.study.study import Study
from optimist.study.summaries import StudySummary, summarize_studies
from optimist.study.warm_start import check_sources, note_of, queued_points

_logger = get_logger(__name__)

NAME_VARIABLE: Final = "OPTIMIST_STUDY_NAME"
"""Environment variable that names the study when no name is given; ``optimist run --study-name`` sets it."""

Direction = Literal["minimize", "maximize"] | StudyDirection


def create_study(
    *,
    storage: StorageLike | None = None,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
    study_name: str | None = None,
    direction: Direction | None = None,
    load_if_exists: bool = False,
    directions: Sequence[Direction] | None = None,
    create_database: bool = False,
    parameter_constraint: Predicate | None = None,
    warm_start_from: Sequence[Study] = (),
) -> Study:
    """Make a study.

    Args:
        storage: A URL such as ``sqlite:///study.db``, a file name, or a storage. None: what the environment variable
            ``OPTIMIST_STORAGE`` names, or the memory of this process.
        sampler: Proposes parameters; AutoSampler by default.
        pruner: Stops hopeless trials early; CurvePruner by default.
        study_name: Its name in the storage; made up if None. With ``load_if_exists``, None stands for what the
            environment variable ``OPTIMIST_STUDY_NAME`` names, if it is set.
        direction: "minimize" (the default) or "maximize".
        load_if_exists: Go on with the study if there is one of this name.
        directions: One direction per objective, instead of ``direction``.
        create_database: Make the database on its MySQL or PostgreSQL server if there is none of that name.
        parameter_constraint: Takes a dictionary of parameters and says whether they are allowed; no sampler proposes others.
            It should be quick, and look parameters up as ``params["name"]``: where one is not known yet, it is called again
            later. It is not stored; worker processes get it, and who opens the study elsewhere gives it again.
        warm_start_from: Earlier studies of the same space, or of one that overlaps with it: their best points are tried
            first, and models search around their good points first. A study that exists already is left as it is.

    Raises:
        DuplicatedStudyError: There is a study of this name.
        ValueError: Directions that are none, or both ``direction`` and ``directions``; or a study to start from has others.
    """
    if direction is not None and directions is not None:
        raise ValueError("Specify only one of `direction` and `directions`.")
    wanted = [
        to_direction(d)
        for d in (directions if directions is not None else ["minimize" if direction is None else direction])
    ]
    if not wanted:
        raise ValueError("A study needs at least one objective, but directions is empty.")
    if study_name is None and load_if_exists:
        study_name = os.environ.get(NAME_VARIABLE) or None
    if study_name is not None:
        check_name("A study's name", study_name)
    check_sources(warm_start_from, wanted)
    if is_dry():
        storage, create_database = InMemoryStorage(), False
    face, opened = open_face(storage, create_database=create_database)
    is_new = False
    try:
        record = opened.create_study(study_name, wanted)
    except DuplicatedStudyError:
        if not load_if_exists:
            raise
        assert study_name is not None
        record = opened.load_study(study_name)
        _logger.info("Using the existing study %r.", study_name)
        if list(record.directions) != wanted and (direction is not None or directions is not None):
            _logger.warning("Study %r keeps its directions %s.", study_name, [d.name for d in record.directions])
    else:
        _logger.info("A new study was created: %r.", record.name)
        is_new = True
    study = Study(record.name, face, sampler, pruner, parameter_constraint)
    if warm_start_from and is_new:
        note, good = note_of(warm_start_from)
        opened.write_study(record.study_id, note)
        queue = [] if study.sampler.is_exhaustive else queued_points(good, study.constraint)
        if queue:
            opened.add_trials(record.study_id, queue)
    return study


def load_study(
    *,
    study_name: str | None = None,
    storage: StorageLike | None = None,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
    parameter_constraint: Predicate | None = None,
) -> Study:
    """Open an existing study.

    Args:
        study_name: Its name. None: what the environment variable ``OPTIMIST_STUDY_NAME`` names, or the only study in
            the storage.
        storage: A URL, a file name, or a storage. None: what ``OPTIMIST_STORAGE`` names.
        sampler: Proposes parameters; AutoSampler by default.
        pruner: Stops hopeless trials early; CurvePruner by default.
        parameter_constraint: As in :func:`create_study`: it is not kept with the study.

    Raises:
        StudyNotFoundError: There is no such study; it is a KeyError.
        ValueError: ``study_name`` is None and there is not exactly one study.
    """
    face, opened = open_face(storage)
    study_name = study_name or os.environ.get(NAME_VARIABLE) or None
    if study_name is None:
        names = [record.name for record in opened.list_studies()]
        if len(names) != 1:
            raise ValueError(f"Give study_name: the storage holds {len(names)} studies{_listed(names)}.")
        study_name = names[0]
    if is_dry():
        face = _double(opened, study_name)
    return Study(study_name, face, sampler, pruner, parameter_constraint)


def _double(storage: Storage, study_name: str) -> InMemoryStorage:
    """A storage in memory with a study of the same name and directions, without its trials."""
    directions = storage.load_study(study_name).directions
    face, opened = open_face(InMemoryStorage())
    opened.create_study(study_name, directions)
    return face  # type: ignore[return-value]


def delete_study(*, study_name: str, storage: StorageLike) -> None:
    """Remove a study and all its trials.

    Raises:
        StudyNotFoundError: There is no such study; it is a KeyError.
    """
    opened = open_storage(storage)
    opened.delete_study(opened.load_study(study_name).study_id)


def copy_study(
    *,
    from_study_name: str,
    from_storage: StorageLike,
    to_storage: StorageLike,
    to_study_name: str | None = None,
) -> None:
    """Copy a study with its attributes and all its trials; a running trial stays running in the copy.

    Args:
        from_study_name: The study to copy.
        from_storage: Where it lives.
        to_storage: Where the copy shall live.
        to_study_name: Name of the copy; the same name if None.

    Raises:
        StudyNotFoundError: There is no such study; it is a KeyError.
        DuplicatedStudyError: The target has a study of that name.
    """
    source = load_study(study_name=from_study_name, storage=from_storage)
    target = open_storage(to_storage)
    record = target.create_study(to_study_name or from_study_name, source.directions)
    history = source.ledger.history
    target.write_study(record.study_id, StudyChange(dict(history.user_attrs), dict(history.system_attrs)))
    target.add_trials(record.study_id, [change_of(trial) for trial in source.get_trials(deepcopy=False)])


def get_all_study_names(storage: StorageLike) -> list[str]:
    """The names of all studies in a storage, in order of creation."""
    return [record.name for record in open_storage(storage).list_studies()]


def get_all_study_summaries(storage: StorageLike, include_best_trial: bool = True) -> list[StudySummary]:
    """Summaries of all studies in a storage, in order of creation.

    Args:
        storage: A URL, a file name, or a storage.
        include_best_trial: Whether the summaries hold the best trial.
    """
    return summarize_studies(open_storage(storage), include_best_trial)


def to_direction(direction: Direction) -> StudyDirection:
    """Understand what the user wrote as a direction.

    Raises:
        ValueError: It is neither "minimize" nor "maximize".
    """
    if isinstance(direction, StudyDirection) and direction != StudyDirection.NOT_SET:
        return direction
    if isinstance(direction, str) and direction in ("minimize", "maximize"):
        return StudyDirection[direction.upper()]
    raise ValueError(f"A direction is 'minimize' or 'maximize', but got {direction!r}.")


def _listed(names: Sequence[str]) -> str:
    return f" ({', '.join(map(repr, names[:5]))}{', ...' if len(names) > 5 else ''})" if names else ""
