"""Samplers that others wrote for Optuna run unchanged on ours, and propose the same: files of ``hub/``, which import optuna.

They are run twice: with Optuna, and with Optimist in its place, as a script is that says ``import optimist as optuna``.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import optuna
import pytest

import optimist

HUB = Path(__file__).parent / "hub"
SAMPLERS = {
    "simulated_annealing": "SimulatedAnnealingSampler",
    "differential_evolution": "DifferentialEvolutionSampler",
    "nearest_neighbours": "NearestNeighboursSampler",
}


def sampler_for(library: ModuleType, file: str, monkeypatch: pytest.MonkeyPatch, seed: int) -> Any:
    """Load a sampler with ``import optuna`` meaning this library."""
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name == "optuna" or name.startswith("optuna.")]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "optuna", library)
        for part in ("distributions", "samplers", "study", "trial"):
            patch.setitem(sys.modules, f"optuna.{part}", getattr(library, part))
        return runpy.run_path(str(HUB / f"{file}.py"))[SAMPLERS[file]](seed=seed)


def objective(trial: Any) -> float:
    x = trial.suggest_float("x", -5, 5)
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    n = trial.suggest_int("n", 0, 12, step=3)
    kind = trial.suggest_categorical("kind", ["a", "b", None])
    loss = (x - 1) ** 2 + abs(rate - 0.1) + n / 6 + (kind != "b")
    for step in range(3):
        trial.report(loss + 1 / (step + 1), step)
    if trial.number % 7 == 6:
        raise (optuna.TrialPruned if type(trial).__module__.startswith("optuna") else optimist.TrialPruned)
    return float(loss)


@pytest.mark.parametrize("file", SAMPLERS)
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_they_propose_the_same(file: str, direction: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = 1.0 if direction == "minimize" else -1.0
    found = []
    for library in (optuna, optimist):
        sampler = sampler_for(library, file, monkeypatch, seed=1)
        study = library.create_study(direction=direction, sampler=sampler, pruner=library.pruners.NopPruner())
        study.optimize(lambda trial: sign * objective(trial), n_trials=40)
        found.append([(t.number, t.state.name, t.params, t.values, t.system_attrs) for t in study.trials])
    assert found[1] == found[0]
    assert min(sign * values[0] for _, _, _, values, _ in found[1] if values) < 4.0


@pytest.mark.parametrize("file", SAMPLERS)
def test_they_work_on_a_database_too(file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    study = optimist.create_study(
        storage=f"sqlite:///{tmp_path}/s.db", sampler=sampler_for(optimist, file, monkeypatch, seed=2)
    )
    study.optimize(objective, n_trials=16)
    again = optimist.load_study(storage=f"sqlite:///{tmp_path}/s.db")
    assert [t.params for t in again.trials] == [t.params for t in study.trials]
    assert [t.state.name for t in again.trials].count("PRUNED") == 2


def test_the_files_know_nothing_of_us() -> None:
    for file in SAMPLERS:
        assert "optimist" not in (HUB / f"{file}.py").read_text().lower()
