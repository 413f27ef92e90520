"""A real notebook, run by a real kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

CELLS = [
    """
import optimist
optimist.logging.disable_default_handler()
study = optimist.create_study(study_name="in a <notebook>")
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=10, show_progress_bar=True)
""",
    "study",
    "study.best_trial",
]

RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in json.load(sys.stdin)])
NotebookClient(book, kernel_name="python3", timeout=60).execute()
print(json.dumps([cell.outputs for cell in book.cells]))
"""


@pytest.mark.slow
def test_notebook_shows_the_bar_the_study_and_the_trial() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(CELLS), capture_output=True, text=True, timeout=120, check=True
    )
    bar, study, trial = (only(outputs) for outputs in json.loads(done.stdout))
    assert "10/10" in bar["text/plain"]
    assert "<pre>" in bar["text/html"]
    assert "best 0." in bar["text/plain"]
    assert "in a &lt;notebook&gt;" in study["text/html"]
    assert "x" in trial["text/html"]


def only(outputs: list[dict[str, Any]]) -> dict[str, str]:
    """What a cell shows, which is one thing and no warning."""
    assert [output["output_type"] in {"display_data", "execute_result"} for output in outputs] == [True]
    found: dict[str, str] = outputs[0]["data"]
    return found
