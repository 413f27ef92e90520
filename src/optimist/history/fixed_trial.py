"""FixedTrial: a trial with given parameters, to call an objective without a study."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from optimist.distributions import BaseDistribution
from optimist.history.base_trial import read_constraints
from optimist.history.known_trial import KnownTrial
from optimist.history.temporary import make_folder_for


class FixedTrial(KnownTrial):
    """A trial that suggests the parameters it was made with.

    Args:
        params: The values by parameter name.
        number: What ``number`` shall say.
    """

    def __init__(self, params: dict[str, Any], number: int = 0) -> None:
        self._params = params
        self._number = number
        self._suggested: dict[str, Any] = {}
        self._distributions: dict[str, BaseDistribution] = {}
        self._user_attrs: dict[str, Any] = {}
        self._system_attrs: dict[str, Any] = {}
        self._folder: Path | None = None
        self._datetime_start = datetime.datetime.now()  # noqa: DTZ005  local, as all times of a trial

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        value = self._suggested[name] = super()._suggest(name, distribution)
        return value

    def _missing(self, name: str) -> str:
        return f"The FixedTrial has no value for the parameter {name!r}. Give one: FixedTrial({{{name!r}: ..., ...}})."

    @property
    def checkpoint_dir(self) -> Path:
        """A temporary folder, which goes with the trial; as ``Trial.checkpoint_dir`` for an objective on its own."""
        if self._folder is None:
            self._folder = make_folder_for(self)
        return self._folder

    @property
    def resume_from(self) -> None:
        """None: there is nothing to go on from."""
        return None

    @property
    def number(self) -> int:
        return self._number

    @property
    def params(self) -> dict[str, Any]:
        return self._suggested

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return self._distributions

    @property
    def user_attrs(self) -> dict[str, Any]:
        return self._user_attrs

    @property
    def system_attrs(self) -> dict[str, Any]:
        """Notes of the library; constraints are kept here."""
        return self._system_attrs

    @property
    def constraints(self) -> dict[str, float]:
        return read_constraints(self._system_attrs)

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return self._datetime_start
