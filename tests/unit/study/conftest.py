"""Studies in memory and in a file: what holds for one shall hold for the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.samplers import RandomSampler
from optimist.states import TrialState

MakeStudy = Callable[..., optimist.Study]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.ERROR)
    yield
    optimist.logging.set_verbosity(before)


@pytest.fixture(params=["memory", "sqlite"])
def make_study(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStudy:
    """Makes studies that all live in the same storage: once in memory, once in a file."""
    storage: Any = optimist.storages.InMemoryStorage() if request.param == "memory" else str(tmp_path / "studies.db")

    def make(**arguments: Any) -> optimist.Study:
        return optimist.create_study(**{"storage": storage, "sampler": RandomSampler(seed=0), **arguments})

    return make


@pytest.fixture
def study(make_study: MakeStudy) -> optimist.Study:
    return make_study()


def suggest_all(trial: Any) -> float:
    """An objective with a parameter of each kind."""
    x = trial.suggest_float("x", -1.0, 1.0)
    n = trial.suggest_int("n", 1, 9)
    kind = trial.suggest_categorical("kind", ["a", "b", None])
    return float(x * x + n + (kind == "a"))


def states(study: optimist.Study) -> list[str]:
    """The states of all trials, by number."""
    return [trial.state.name for trial in study.get_trials(deepcopy=False)]


def is_first(mark: Path) -> bool:
    """Whether no process asked before this one."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Stateful(optimist.samplers.BaseSampler):
    """Keeps a random state and a list, as samplers for Optuna do."""

    def __init__(self) -> None:
        self.random = random.Random(0)
        self.ended: list[int] = []

    def reseed_rng(self) -> None:
        self.random = random.Random()

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
        return {}

    def sample_relative(self, study: Any, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
        return {}

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> float:
        return self.random.uniform(0, 1)

    def after_trial(self, study: Any, trial: Any, state: TrialState, values: Any) -> None:
        self.ended = sorted([*self.ended, trial.number])
