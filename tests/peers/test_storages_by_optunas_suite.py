"""Optuna's published tests of storages, with our names in the place of its own: what `import optimist as optuna` does."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import optimist
from optimist.storages.base_storage import FrozenStudy
from optimist.storages.face import StorageFace
from optimist.storages.foreign import ForeignStorage
from optimist.storages.journal import JournalFileBackend

OURS: dict[str, Any] = {
    "optuna": optimist,
    "CategoricalDistribution": optimist.distributions.CategoricalDistribution,
    "FloatDistribution": optimist.distributions.FloatDistribution,
    "UpdateFinishedTrialError": optimist.exceptions.UpdateFinishedTrialError,
    "FrozenStudy": FrozenStudy,
    "StudyDirection": optimist.study.StudyDirection,
    "FrozenTrial": optimist.trial.FrozenTrial,
    "TrialState": optimist.trial.TrialState,
    "ALL_STATES": list(optimist.trial.TrialState),
}


def load_suite() -> ModuleType:
    """A copy of Optuna's module of tests that knows our classes."""
    spec = importlib.util.find_spec("optuna.testing.pytest_storages")
    assert spec is not None
    assert spec.loader is not None
    suite = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(suite)
    assert vars(suite).keys() >= OURS.keys()
    vars(suite).update(OURS)
    return suite


SUITE = load_suite()

STORAGES: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _: optimist.storages.InMemoryStorage(),
    "there and back": lambda _: StorageFace(ForeignStorage(optimist.storages.InMemoryStorage())),
    "SQLite": lambda directory: optimist.storages.RDBStorage(f"sqlite:///{directory}/study.db"),
    "journal": lambda directory: optimist.storages.JournalStorage(JournalFileBackend(f"{directory}/study.journal")),
}


class TestStorages(SUITE.StorageTestCase):  # type: ignore[misc, name-defined]
    @pytest.fixture(params=list(STORAGES))
    def storage(self, request: pytest.FixtureRequest, tmp_path: Path) -> Any:
        return STORAGES[request.param](tmp_path)

    def test_set_and_get_trial_param_for_floats(self, storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        finite = {name: value for name, value in SUITE.FLOAT_ATTRS.items() if math.isfinite(value)}
        monkeypatch.setattr(SUITE, "FLOAT_ATTRS", finite)  # our ranges are finite
        super().test_set_and_get_trial_param_for_floats(storage)
