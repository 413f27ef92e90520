"""StudySummary: what is said of a study without loading it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from optimist.history.history import History
from optimist.history.records import FrozenTrial, to_datetime
from optimist.states import StudyDirection
from optimist.storages.base import Storage, Summary

__all__ = ["StudyDirection", "StudySummary", "summarize_studies"]


class StudySummary:
    """The basic facts of a study, as they were when it was made.

    Attributes:
        study_name: Its name.
        best_trial: The best trial of a study with one objective; None if there is none, or if it was not asked for.
        user_attrs: The study's user attributes.
        n_trials: Number of trials of any state.
        datetime_start: When the first trial started: local time, without a time zone; None if none has.
    """

    def __init__(
        self,
        study_name: str,
        direction: StudyDirection | None,
        best_trial: FrozenTrial | None,
        user_attrs: dict[str, Any],
        n_trials: int,
        datetime_start: datetime.datetime | None,
        study_id: int,
        *,
        directions: Sequence[StudyDirection] | None = None,
    ) -> None:
        if (direction is None) == (directions is None):
            raise ValueError("Specify one of `direction` and `directions`, and only one.")
        self.study_name = study_name
        self._directions = [direction] if direction is not None else list(directions or ())
        self.best_trial = best_trial
        self.user_attrs = user_attrs
        self.n_trials = n_trials
        self.datetime_start = datetime_start
        self._study_id = study_id

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if isinstance(other, StudySummary) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._study_id < other._study_id if isinstance(other, StudySummary) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._study_id <= other._study_id if isinstance(other, StudySummary) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    @property
    def direction(self) -> StudyDirection:
        """The direction of a study with one objective.

        Raises:
            RuntimeError: There are several objectives.
        """
        if len(self._directions) > 1:
            raise RuntimeError("The study has several objectives; use `directions`.")
        return self._directions[0]

    @property
    def directions(self) -> Sequence[StudyDirection]:
        """One direction per objective."""
        return self._directions


def summarize_studies(storage: Storage, include_best_trial: bool) -> list[StudySummary]:
    """Summaries of all studies in a storage, in order of creation."""
    return [
        _to_study_summary(storage.summary(record.study_id), include_best_trial) for record in storage.list_studies()
    ]


def _to_study_summary(summary: Summary, include_best_trial: bool) -> StudySummary:
    best = None
    if include_best_trial and summary.best is not None:
        alone = History(summary.record.directions)
        alone.apply([summary.best])
        best = alone.trial(summary.best.number)
    return StudySummary(
        study_name=summary.record.name,
        direction=None,
        best_trial=best,
        user_attrs=summary.attrs.user_attrs,
        n_trials=summary.n_trials,
        datetime_start=None if summary.first_start_us is None else to_datetime(summary.first_start_us),
        study_id=summary.record.study_id,
        directions=summary.record.directions,
    )
