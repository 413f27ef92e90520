"""FrozenTrial: a snapshot of one trial as the user sees it."""

from __future__ import annotations

import copy
import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any

from optimist.distributions import BaseDistribution
from optimist.history.attributes import RESUMED_KEY, VOID_KEY
from optimist.history.base_trial import CONSTRAINT_PREFIX, checked_constraint, read_constraints
from optimist.history.known_trial import KnownTrial
from optimist.states import TrialState

_IMMUTABLE = (str, int, float, bool, type(None))


def to_datetime(us: int) -> datetime.datetime | None:
    """Turn microseconds since 1970 (UTC) into a naive datetime in local time; negative means unknown."""
    if us < 0:
        return None
    seconds, microsecond = divmod(us, 1_000_000)
    return datetime.datetime.fromtimestamp(seconds).replace(microsecond=microsecond)  # noqa: DTZ006  local, as documented


def from_datetime(when: datetime.datetime | None) -> int:
    """Turn a datetime (in local time if naive) into microseconds since 1970 (UTC); None becomes -1."""
    if when is None:
        return -1
    return round(when.replace(microsecond=0).timestamp()) * 1_000_000 + when.microsecond


class FrozenTrial(KnownTrial):
    """The state of a trial at one moment; changing it changes nothing in the study.

    Attributes:
        state: RUNNING, COMPLETE, PRUNED, FAIL or WAITING.
        datetime_complete: When it finished: local time, without a time zone.
        intermediate_values: Reported values by step; where metrics have names, of the one named first.
        intermediate_metrics: Named metrics by step and name, the first one first; empty if the trial reported without
            names.
    """

    def __init__(
        self,
        number: int,
        state: TrialState,
        value: float | None,
        datetime_start: datetime.datetime | None,
        datetime_complete: datetime.datetime | None,
        params: dict[str, Any],
        distributions: dict[str, BaseDistribution],
        user_attrs: dict[str, Any],
        system_attrs: dict[str, Any],
        intermediate_values: dict[int, float],
        trial_id: int,
        *,
        values: Sequence[float] | None = None,
        intermediate_metrics: dict[int, dict[str, float]] | None = None,
    ) -> None:
        if value is not None and values is not None:
            raise ValueError("Specify only one of `value` and `values`.")
        self._number = number
        self.state = state
        self._values: list[float] | None = [value] if value is not None else None if values is None else list(values)
        self._datetime_start = datetime_start
        self.datetime_complete = datetime_complete
        self._params = params
        self._distributions = distributions
        self._user_attrs = user_attrs
        self._system_attrs = system_attrs
        self.intermediate_values = intermediate_values
        self.intermediate_metrics: dict[int, dict[str, float]] = (
            {} if intermediate_metrics is None else intermediate_metrics
        )
        self._trial_id = trial_id

    def _state_of_self(self) -> tuple[Any, ...]:
        return (
            self._number,
            self.state,
            self._values,
            self._datetime_start,
            self.datetime_complete,
            self._params,
            self._user_attrs,
            self._system_attrs,
            self.intermediate_values,
            self.intermediate_metrics,
            self._distributions,
            self._trial_id,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenTrial):
            return NotImplemented
        return self._state_of_self() == other._state_of_self()

    def __hash__(self) -> int:
        return hash((self._number, self._trial_id, self.state))

    def __lt__(self, other: object) -> bool:
        return self._number < other._number if isinstance(other, FrozenTrial) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._number <= other._number if isinstance(other, FrozenTrial) else NotImplemented

    def __repr__(self) -> str:
        named = f", intermediate_metrics={self.intermediate_metrics}" if self.intermediate_metrics else ""
        return (
            f"FrozenTrial(number={self._number}, state={self.state!r}, values={self._values}, "
            f"datetime_start={self._datetime_start!r}, datetime_complete={self.datetime_complete!r}, "
            f"params={self._params}, user_attrs={self._user_attrs}, system_attrs={self._system_attrs}, "
            f"intermediate_values={self.intermediate_values}, distributions={self._distributions}, "
            f"trial_id={self._trial_id}, value=None{named})"
        )

    def _repr_html_(self) -> str:
        from optimist.history.notebook import trial_html  # nobody but a notebook needs it

        return trial_html(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenTrial:
        # Distributions are immutable and shared; nearly all attribute values are scalars.
        return FrozenTrial(
            self._number,
            self.state,
            None,
            self._datetime_start,
            self.datetime_complete,
            dict(self._params),
            dict(self._distributions),
            _copy_attrs(self._user_attrs),
            _copy_attrs(self._system_attrs),
            dict(self.intermediate_values),
            self._trial_id,
            values=self._values,
            intermediate_metrics={step: dict(row) for step, row in self.intermediate_metrics.items()},
        )

    def _missing(self, name: str) -> str:
        return f"Trial {self._number} has no parameter {name!r}; it has: {', '.join(self._params) or '-'}."

    @property
    def number(self) -> int:
        return self._number

    @number.setter
    def number(self, value: int) -> None:
        self._number = value

    @property
    def value(self) -> float | None:
        """The objective value; None if there is none.

        Raises:
            RuntimeError: The study has several objectives.
        """
        if self._values is None:
            return None
        if len(self._values) > 1:
            raise RuntimeError("A trial of several objectives has no single value; use `values`.")
        return self._values[0]

    @value.setter
    def value(self, value: float | None) -> None:
        if self._values is not None and len(self._values) > 1:
            raise RuntimeError("A trial of several objectives has no single value; set `values`.")
        self._values = None if value is None else [value]

    @property
    def values(self) -> list[float] | None:
        """The objective values, one per objective; None if there are none."""
        return self._values

    @values.setter
    def values(self, values: Sequence[float] | None) -> None:
        self._values = None if values is None else list(values)

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return self._datetime_start

    @datetime_start.setter
    def datetime_start(self, value: datetime.datetime | None) -> None:
        self._datetime_start = value

    @property
    def params(self) -> dict[str, Any]:
        return self._params

    @params.setter
    def params(self, params: dict[str, Any]) -> None:
        self._params = params

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return self._distributions

    @distributions.setter
    def distributions(self, value: dict[str, BaseDistribution]) -> None:
        self._distributions = value

    @property
    def user_attrs(self) -> dict[str, Any]:
        return self._user_attrs

    @user_attrs.setter
    def user_attrs(self, value: dict[str, Any]) -> None:
        self._user_attrs = value

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Notes of samplers, pruners and the study itself."""
        return self._system_attrs

    @system_attrs.setter
    def system_attrs(self, value: dict[str, Any]) -> None:
        self._system_attrs = value

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self._system_attrs)

    @property
    def last_step(self) -> int | None:
        """The highest step with an intermediate value; None without reports."""
        return max(self.intermediate_values) if self.intermediate_values else None

    @property
    def resumed_from(self) -> int | None:
        """The number of the pruned trial that this one, a promotion, goes on from; None if it is none."""
        line: list[int] = self._system_attrs.get(RESUMED_KEY, [])
        return line[-1] if line else None

    @property
    def void_reason(self) -> str | None:
        """Why the trial was voided (see ``Study.void``); None if it was not."""
        reason: str | None = self._system_attrs.get(VOID_KEY)
        return reason

    @property
    def duration(self) -> datetime.timedelta | None:
        """Time from start to completion; None while either is unknown."""
        if self._datetime_start is None or self.datetime_complete is None:
            return None
        return self.datetime_complete - self._datetime_start

    def _validate(self) -> None:
        """Raise ValueError if the fields contradict each other."""
        if self.state != TrialState.WAITING and self._datetime_start is None:
            raise ValueError("`datetime_start` must be set unless the trial is WAITING.")
        if self.state.is_finished() != (self.datetime_complete is not None):
            raise ValueError(
                f"A {self.state.name} trial must{'' if self.state.is_finished() else ' not'} have `datetime_complete`."
            )
        if self.state == TrialState.COMPLETE and self._values is None:
            raise ValueError("A COMPLETE trial must have a value.")
        if self.state == TrialState.FAIL and self._values is not None:
            raise ValueError(f"A FAIL trial must not have values, but got {self._values}.")
        if self._values is not None and any(math.isnan(v) for v in self._values):
            raise ValueError(f"Values must not be NaN, but got {self._values}.")
        for step in self.intermediate_values:
            if not -(2**63) <= step < 2**63:
                raise ValueError(f"Steps of intermediate values must fit into 64 bits, but got {step}.")
        check_metrics(self.intermediate_values, self.intermediate_metrics)
        if self._params.keys() != self._distributions.keys():
            raise ValueError(
                "`params` and `distributions` must name the same parameters, but got "
                f"{set(self._params)} and {set(self._distributions)}."
            )
        for name, value in self._params.items():
            distribution = self._distributions[name]
            if not distribution._contains(distribution.to_internal_repr(value)):
                raise ValueError(f"Parameter {name!r}: the value {value!r} is not in {distribution}.")


def create_trial(
    *,
    state: TrialState = TrialState.COMPLETE,
    value: float | None = None,
    values: Sequence[float] | None = None,
    params: dict[str, Any] | None = None,
    distributions: dict[str, BaseDistribution] | None = None,
    user_attrs: dict[str, Any] | None = None,
    system_attrs: dict[str, Any] | None = None,
    intermediate_values: dict[int, float] | None = None,
    constraints: dict[str, float] | None = None,
    intermediate_metrics: dict[int, dict[str, float]] | None = None,
) -> FrozenTrial:
    """Make a trial to add to a study with :meth:`Study.add_trial`; the number is given by the study.

    With ``intermediate_metrics``, values by step and name, ``intermediate_values`` may be left out: they are those of
    the metric that is named first.

    Raises:
        ValueError: The fields contradict each other, such as a value outside its distribution.
    """
    now = datetime.datetime.now()  # noqa: DTZ005  local, as all times of a trial
    attrs = dict(system_attrs or {})
    for key, constraint in (constraints or {}).items():
        attrs[CONSTRAINT_PREFIX + key] = checked_constraint(key, constraint)
    if intermediate_metrics and intermediate_values is None:
        intermediate_values = first_metric(intermediate_metrics)
    trial = FrozenTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=value,
        values=values,
        datetime_start=None if state == TrialState.WAITING else now,
        datetime_complete=now if state.is_finished() else None,
        params=params or {},
        distributions=distributions or {},
        user_attrs=user_attrs or {},
        system_attrs=attrs,
        intermediate_values=intermediate_values or {},
        intermediate_metrics=intermediate_metrics,
    )
    trial._validate()
    return trial


def first_metric(metrics: Mapping[int, Mapping[str, float]]) -> dict[int, float]:
    """The values by step of the metric that is named first."""
    first = next((name for row in metrics.values() for name in row), "")
    return {step: row[first] for step, row in metrics.items() if first in row}


def check_metrics(values: Mapping[int, float], metrics: Mapping[int, Mapping[str, float]]) -> None:
    """Raise ValueError if named metrics contradict the intermediate values."""
    if not metrics:
        return
    first = first_metric(metrics)
    if first.keys() != metrics.keys() or {k: repr(v) for k, v in first.items()} != {
        k: repr(v) for k, v in values.items()
    }:
        raise ValueError(
            "`intermediate_metrics` must name the same metric first in each step, and its values must be the "
            f"`intermediate_values`, but got {dict(metrics)} and {dict(values)}."
        )


def _copy_attrs(attrs: dict[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, _IMMUTABLE) else copy.deepcopy(v) for k, v in attrs.items()}
