"""The progress bar of ``optimize``."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Self

from optimist.study.defaults import default_trial_number
from optimist.study.ledger import Ledger
from optimist.study.notebook_bar import NotebookBar

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Progress:
    """A live bar with the number of trials, the best value and the time; a context manager.

    Args:
        n_trials: The budget in trials; None if there is none.
        timeout_s: The budget in seconds, which the bar follows when there is no ``n_trials``; None if there is none.
    """

    def __init__(self, n_trials: int | None, timeout_s: float | None) -> None:
        # Heavy and seldom needed: rich is loaded by those who look at a bar.
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._bar: Bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn()
            if n_trials is not None or timeout_s is None
            else TextColumn("{task.fields[n]} trials"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._notebook = NotebookBar(self._bar) if self._bar.console.is_jupyter else None
        self._follows_time = n_trials is None and timeout_s is not None
        self._task = self._bar.add_task("no value yet", total=timeout_s if self._follows_time else n_trials, n=0)
        self._n = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        if self._notebook is None:
            self._bar.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._notebook is None:
            self._bar.stop()
        else:
            self._notebook.show()

    def update(self, ledger: Ledger) -> None:
        """Note that a trial ended."""
        with self._lock:
            self._n += 1
            done = self._bar.tasks[0].elapsed if self._follows_time else self._n
            self._bar.update(self._task, completed=done, description=_describe(ledger), n=self._n)
            if self._notebook is not None:
                self._notebook.show_now_and_then()


def _describe(ledger: Ledger) -> str:
    """The best value so far, beside what the recommended defaults gave."""
    if len(ledger.record.directions) > 1:
        return "trials"
    best = ledger.best_trial()
    if best is None:
        return "no value yet"
    text = f"best {best.value:.6g} (trial {best.number})"
    default = default_trial_number(ledger.history)
    if default >= 0:
        value = ledger.history.trial(default).value
        text += "" if value is None else f", defaults {value:.6g}"
    return text
