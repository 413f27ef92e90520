"""Stores that earlier releases wrote: nothing in them is lost, and their studies go on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

import optimist
from optimist.states import TrialState
from optimist.storages.open import upgrade_storage_at
from tools.store_of_this_release import NAME, described

RELEASED: Final = Path(__file__).parent / "released"
RELEASES: Final = sorted(path.stem for path in RELEASED.glob("*.json"))


def test_this_release_is_among_them() -> None:
    assert optimist.__version__ in RELEASES


@pytest.mark.parametrize("kind", ["db", "journal"])
@pytest.mark.parametrize("release", RELEASES)
def test_store_of_a_release(release: str, kind: str, tmp_path: Path) -> None:
    path = shutil.copy(RELEASED / f"{release}.{kind}", tmp_path)
    url = f"sqlite:///{path}" if kind == "db" else f"journal://{path}"
    if kind == "db":
        upgrade_storage_at(url)
    expected = json.loads((RELEASED / f"{release}.json").read_text(encoding="utf-8"))
    found = described(url)
    assert json.loads(json.dumps(found)) == expected

    study = optimist.load_study(study_name=NAME, storage=url)
    waiting = [trial.number for trial in study.trials if trial.state == TrialState.WAITING]
    assert study.ask().number == waiting[0]
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1), n_trials=2)
    numbers = [trial.number for trial in study.trials]
    assert numbers == list(range(len(expected[NAME]["trials"]) + 2))
