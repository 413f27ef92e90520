"""The progress bar."""

from __future__ import annotations

import io
from typing import Any

import pytest
import rich.progress
from rich.console import Console

import optimist
from optimist.study.progress import Progress
from tests.unit.study.conftest import MakeStudy, suggest_all


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 100 columns would show."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100)
    monkeypatch.setattr("rich.progress.get_console", lambda: console)
    return written


def test_it_shows_the_best_value(screen: io.StringIO, make_study: MakeStudy) -> None:
    make_study(direction="maximize").optimize(lambda trial: trial.number / 3, n_trials=3, show_progress_bar=True)
    last = screen.getvalue()
    assert "best 0.666667 (trial 2)" in last
    assert "3/3" in last


def test_it_counts_trials_where_time_is_the_budget(screen: io.StringIO, make_study: MakeStudy) -> None:
    make_study().optimize(lambda trial: None, timeout=0.05, show_progress_bar=True)  # type: ignore[arg-type, return-value]
    last = screen.getvalue()
    assert "no value yet" in last
    assert "trials" in last


def test_it_counts_trials_of_several_objectives_and_threads(screen: io.StringIO, make_study: MakeStudy) -> None:
    study = make_study(directions=["minimize"] * 2)
    study.optimize(lambda trial: (1.0, 2.0), n_trials=6, n_jobs=2, show_progress_bar=True)
    assert "6/6" in screen.getvalue()


def test_it_ends_with_the_loop(screen: io.StringIO, study: optimist.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[bool] = []
    original = rich.progress.Progress.stop

    def stop(bar: Any) -> None:
        stopped.append(True)
        original(bar)

    monkeypatch.setattr(rich.progress.Progress, "stop", stop)
    with pytest.raises(ZeroDivisionError):
        study.optimize(lambda trial: 1 / 0, n_trials=3, show_progress_bar=True)
    assert stopped


def test_without_any_budget(screen: io.StringIO, study: optimist.Study) -> None:
    with Progress(None, None) as bar:
        study.optimize(suggest_all, n_trials=1)
        bar.update(study.ledger)
    assert "1/?" in screen.getvalue()
