"""The house stands as drawn: no circles, no import that goes up, and a front door that loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.shape import (
    SOURCE,
    find_circles,
    find_floor_breaks,
    find_imports,
    import_time_ms,
    longest_files,
    longest_functions,
    read_modules,
)

HEAVY = {"numpy", "scipy", "sqlalchemy", "alembic", "plotly", "matplotlib", "msgspec", "rich", "click", "cloudpickle"}


def plant(root: Path, files: dict[str, str]) -> Path:
    """Write a small package named optimist and return its directory."""
    for name, text in {"__init__.py": "", **files}.items():
        path = root / "optimist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "optimist"


def circles_in(package: Path) -> list[list[str]]:
    return [sorted(circle) for circle in find_circles(find_imports(read_modules(package)))]


def breaks_in(package: Path) -> list[str]:
    modules = read_modules(package)
    return find_floor_breaks(modules, find_imports(modules))


def test_no_import_circles() -> None:
    assert circles_in(SOURCE) == []


def test_floors_are_as_drawn() -> None:
    assert breaks_in(SOURCE) == []


def test_front_door_loads_nothing_heavy() -> None:
    assert not modules_after("import optimist") & HEAVY


def test_command_line_help_loads_no_engine() -> None:
    loaded = modules_after("import optimist.cli")
    assert not loaded & {"numpy", "scipy", "sqlalchemy", "plotly"}


def test_first_trial_loads_no_numpy() -> None:
    run = "import optimist\noptimist.create_study().optimize(lambda trial: trial.suggest_float('x', 0, 1), n_trials=1)"
    assert not modules_after(run) & {"numpy", "scipy", "sqlalchemy", "plotly", "rich"}


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.slow
def test_import_time_can_be_read() -> None:
    assert 0 < import_time_ms(n_runs=1) < 1000


def test_longest_come_first(tmp_path: Path) -> None:
    text = 'def short():\n    return 1\n\n\ndef long():\n    """Say why.\n\n    At length.\n    """\n    x = 1\n    return x\n'
    modules = read_modules(plant(tmp_path, {"states.py": text}))
    assert [(f.name, f.n_lines) for f in longest_functions(modules)] == [("long", 3), ("short", 2)]
    assert [(m.name, m.n_lines) for m in longest_files(modules)] == [("optimist.states", 11), ("optimist", 0)]


# What the checker itself can see, on planted packages.


@pytest.mark.parametrize(
    "import_back",
    [
        "from optimist.history.view import View",
        "import optimist.history.view",
        "from optimist.history import view",
        "from . import view",
        "from .view import View",
        "def late():\n    from optimist.history.view import View",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from optimist.history.view import View",
    ],
)
def test_planted_circle_is_found(tmp_path: Path, import_back: str) -> None:
    package = plant(
        tmp_path,
        {
            "history/__init__.py": "",
            "history/view.py": "from optimist.history.columns import Column\nclass View: ...",
            "history/columns.py": import_back,
        },
    )
    assert circles_in(package) == [["optimist.history.columns", "optimist.history.view"]]


def test_circle_through_a_lazy_door_is_found(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        {
            "samplers/__init__.py": "import lazy_loader\n",
            "samplers/__init__.pyi": "from optimist.samplers.auto import AutoSampler\nfrom .tpe import TPESampler\n",
            "samplers/auto.py": "from optimist.samplers import TPESampler",
            "samplers/tpe.py": "from optimist.samplers import AutoSampler",
        },
    )
    assert circles_in(package) == [["optimist.samplers.auto", "optimist.samplers.tpe"]]


def test_lazy_door_is_no_circle(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        {
            "__init__.pyi": "from optimist.samplers import TPESampler\n",
            "samplers/__init__.py": "",
            "samplers/__init__.pyi": "from .base import BaseSampler\nfrom .tpe import TPESampler\n",
            "samplers/base.py": "class BaseSampler: ...",
            "samplers/tpe.py": "from optimist.samplers import BaseSampler",
        },
    )
    assert circles_in(package) == []
    assert breaks_in(package) == []


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("history/view.py", "from optimist.study.study import Study", "goes up, from floor 3 to 5"),
        ("samplers/tpe.py", "from optimist.pruners.base import BasePruner", "goes sideways on floor 4"),
        ("numerics/parzen.py", "import optimist.distributions", "goes sideways on floor 1"),
        ("samplers/tpe.py", "from optimist import create_study", "comes in by the front door"),
        ("helpers.py", "", "helpers stands on no floor"),
    ],
)
def test_planted_floor_break_is_found(tmp_path: Path, path: str, text: str, complaint: str) -> None:
    package = plant(
        tmp_path,
        {"study/study.py": "", "pruners/base.py": "", "distributions.py": "", path: text},
    )
    (found,) = breaks_in(package)
    assert complaint in found


def test_neighbours_may_meet(tmp_path: Path) -> None:
    package = plant(
        tmp_path,
        {
            "study/study.py": "from optimist.trial import Trial",
            "trial.py": "from optimist.states import TrialState\nfrom optimist import exceptions",
            "states.py": "",
            "exceptions.py": "",
            "cli/main.py": "import optimist",
        },
    )
    assert breaks_in(package) == []
