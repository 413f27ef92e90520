"""The rules by which the lines of Optuna's journal become studies and trials.

Every process appends what it wants, and all agree by the same rules on what counts: a second study of a name does not,
nor what is said of a finished trial, nor a parameter whose kind contradicts that of an earlier trial. Studies and trials
have no ids in the file; they are numbered in the order in which they are made.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from optimist.distributions import BaseDistribution, check_distribution_compatibility
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection, TrialState
from optimist.storages.exchange.source import SourceStudy, read_distribution, read_param

Line = dict[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Op(IntEnum):
    """What a line says."""

    CREATE_STUDY = 0
    DELETE_STUDY = 1
    SET_STUDY_USER_ATTR = 2
    SET_STUDY_SYSTEM_ATTR = 3
    CREATE_TRIAL = 4
    SET_PARAM = 5
    SET_STATE = 6
    REPORT = 7
    SET_USER_ATTR = 8
    SET_SYSTEM_ATTR = 9


_NO_TRIAL: Final = -1


@dataclass
class Survey:
    """What the journal comes to, without its trials: made by a first reading.

    Attributes:
        studies: By key, those that were deleted included.
        alive: Keys by name.
        owners: The study of each trial, by the trial's id.
        is_finished: Whether each trial is finished, by its id.
        ends: The last line that speaks of each trial, by its id.
    """

    studies: list[SourceStudy] = field(default_factory=list)
    alive: dict[str, int] = field(default_factory=dict)
    owners: array[int] = field(default_factory=lambda: array("q"))
    is_finished: bytearray = field(default_factory=bytearray)
    ends: array[int] = field(default_factory=lambda: array("q"))

    def take(self, i: int, line: Line) -> None:
        """Take in the line of this number."""
        op = line["op_code"]
        if op == Op.CREATE_STUDY:
            name = line["study_name"]
            if name not in self.alive:
                self.alive[name] = len(self.studies)
                directions = tuple(map(StudyDirection, line["directions"]))
                self.studies.append(SourceStudy(len(self.studies), name, directions))
        elif op in (Op.DELETE_STUDY, Op.SET_STUDY_USER_ATTR, Op.SET_STUDY_SYSTEM_ATTR):
            self._change_study(op, line)
        elif op == Op.CREATE_TRIAL:
            self._create_trial(i, line)
        elif self.speaks_of(line) != _NO_TRIAL:
            trial = line["trial_id"]
            self.ends[trial] = i
            if op == Op.SET_STATE:
                self.is_finished[trial] = TrialState(line["state"]).is_finished()

    def is_alive(self, study: int) -> bool:
        """Whether there is such a study, not deleted."""
        return 0 <= study < len(self.studies) and self.alive.get(self.studies[study].name) == study

    def speaks_of(self, line: Line) -> int:
        """The trial that a line changes; ``_NO_TRIAL`` if it changes none, for it is finished or does not exist."""
        trial: int = line["trial_id"]
        if not 0 <= trial < len(self.owners) or self.is_finished[trial] or not self.is_alive(self.owners[trial]):
            return _NO_TRIAL
        return trial

    def _change_study(self, op: int, line: Line) -> None:
        key = line["study_id"]
        if not self.is_alive(key):
            return
        study = self.studies[key]
        if op == Op.DELETE_STUDY:
            del self.alive[study.name]
        elif op == Op.SET_STUDY_USER_ATTR:
            study.user_attrs.update(line["user_attr"])
        else:
            study.system_attrs.update(line["system_attr"])

    def _create_trial(self, i: int, line: Line) -> None:
        if self.is_alive(line["study_id"]):
            self.owners.append(line["study_id"])
            self.ends.append(i)
            self.is_finished.append("state" in line and TrialState(line["state"]).is_finished())
            self.studies[line["study_id"]].n_trials += 1


class Trials:
    """The trials that are being told of, in a second reading: each is here from its first line to its last.

    Args:
        survey: Made by the first reading.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._replayed = Survey()  # the same again, as far as this reading has come
        self._open: dict[int, TrialChange] = {}
        self._params: dict[int, dict[str, tuple[str, BaseDistribution, Any]]] = {}
        self._kinds: dict[int, dict[str, BaseDistribution]] = {}  # by study and name, the first one

    def take(self, i: int, line: Line) -> tuple[int, TrialChange] | None:
        """Take in a line; return the study and the trial that it completes, if it does."""
        replayed, op = self._replayed, line["op_code"]
        n_before = len(replayed.owners)
        trial = replayed.speaks_of(line) if op > Op.CREATE_TRIAL else _NO_TRIAL
        if trial in self._open:
            self._change(trial, op, line)
        replayed.take(i, line)
        if len(replayed.owners) > n_before:
            trial = n_before
            study = replayed.owners[trial]
            if self._survey.is_alive(study):
                self._begin(trial, line, replayed.studies[study].n_trials - 1)
        if trial not in self._open or self._survey.ends[trial] != i:
            return None
        change = self._open.pop(trial)
        change.params = list(self._params.pop(trial).values())
        return replayed.owners[trial], change

    def _begin(self, trial: int, line: Line, number: int) -> None:
        values = line.get("values")
        if values is None and line.get("value") is not None:
            values = [line["value"]]
        self._open[trial] = TrialChange(
            number=number,
            state=TrialState(line.get("state", TrialState.RUNNING)),
            started_us=_read_time(line.get("datetime_start")),
            completed_us=_read_time(line.get("datetime_complete")),
            values=None if values is None else tuple(values),
            reports={int(step): value for step, value in line.get("intermediate_values", {}).items()},
            user_attrs=dict(line.get("user_attrs", {})),
            system_attrs=dict(line.get("system_attrs", {})),
        )
        texts = line.get("distributions", {})
        self._params[trial] = {
            name: read_param(name, texts[name], value) for name, value in line.get("params", {}).items()
        }
        for name, distribution, _ in self._params[trial].values():
            self._kinds.setdefault(self._replayed.owners[trial], {}).setdefault(name, distribution)

    def _change(self, trial: int, op: int, line: Line) -> None:
        change = self._open[trial]
        if op == Op.SET_PARAM:
            self._set_param(trial, line)
        elif op == Op.SET_STATE:
            self._set_state(change, line)
        elif op == Op.REPORT:
            change.reports[line["step"]] = line["intermediate_value"]
        elif op == Op.SET_USER_ATTR:
            change.user_attrs.update(line["user_attr"])
        elif op == Op.SET_SYSTEM_ATTR:
            change.system_attrs.update(line["system_attr"])

    def _set_param(self, trial: int, line: Line) -> None:
        name, text = line["param_name"], line["distribution"]
        first = self._kinds.setdefault(self._replayed.owners[trial], {}).setdefault(name, read_distribution(text))
        try:
            check_distribution_compatibility(first, read_distribution(text))
        except ValueError:
            return
        self._params[trial][name] = read_param(name, text, line["param_value_internal"])

    def _set_state(self, change: TrialChange, line: Line) -> None:
        state = TrialState(line["state"])
        if state == TrialState.RUNNING and change.state != TrialState.WAITING:
            return  # of two workers that took it out of the queue the first has it
        change.state = state
        if line.get("values") is not None:
            change.values = tuple(line["values"])
        if "datetime_start" in line:
            change.started_us = _read_time(line["datetime_start"])
        if "datetime_complete" in line:
            change.completed_us = _read_time(line["datetime_complete"])


def _read_time(text: str | None) -> int | None:
    """Microseconds since 1970 (UTC); a time that does not say its zone is local."""
    return None if text is None else (datetime.fromisoformat(text).astimezone(UTC) - _EPOCH) // _MICROSECOND
