"""The command that launches copies of a script."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

import click

from optimist.cli.command import Command
from optimist.cli.settings import Settings, shared_options
from optimist.exceptions import CLIUsageError

if TYPE_CHECKING:
    from optimist.execution.copies import Copies, Copy
    from optimist.study.launch import Notebook, Tally

_SOME_FAILED, _ALL_FAILED = 1, 3

_EXAMPLE = """\
optimist run train.py --data digits
optimist run --workers 4 --storage study.db --study-name digits train.py --data digits
optimist run --workers 2 --devices 0,1 --log-dir logs --on-term retry train.py"""


@click.command(
    "run",
    cls=Command,
    example=_EXAMPLE,
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True},
)
@click.argument("script", type=click.Path(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--workers", "-n", type=click.IntRange(min=1), default=1, show_default=True, help="How many copies.")
@click.option("--study-name", help="Copies get it as $OPTIMIST_STUDY_NAME; load_study() without a name takes it.")
@click.option(
    "--devices", metavar="IDS", help="GPUs such as 0,1: each copy gets one, in turn, as $CUDA_VISIBLE_DEVICES."
)
@click.option(
    "--restarts",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How often a crashed copy starts again.",
)
@click.option(
    "--on-term",
    type=click.Choice(["finish", "retry", "kill"]),
    default="finish",
    show_default=True,
    help="On Ctrl-C or SIGTERM: let running trials finish, or end the copies (kill: without asking) and queue their "
    "trials again. The second one kills.",
)
@click.option(
    "--log-dir", type=click.Path(file_okay=False), help="Keep the output of each copy, and of each trial, here."
)
@shared_options
@click.pass_obj
def run(
    settings: Settings,
    script: str,
    arguments: tuple[str, ...],
    workers: int,
    study_name: str | None,
    devices: str | None,
    restarts: int,
    on_term: str,
    log_dir: str | None,
) -> int:
    """Launch copies of a Python script that share a study.

    Options stand before the script, what follows it is the script's own. The script loads its study and calls
    optimize() as usual, best with total_trials=..., which all copies meet together. Its output appears here with the
    copy's number before each line.

    Exit code: 0 if every copy ended well, 1 if some failed, 3 if all failed, 128 + signal if it was stopped.
    """
    if os.name != "posix":
        raise CLIUsageError("optimist run needs Linux, macOS or another Unix.")
    # Loads numpy, for which help shall not wait.
    from optimist.execution.copies import Copies
    from optimist.study.launch import Notebook, Tally
    from optimist.study.launched import NOTES_VARIABLE, ON_TERM_VARIABLE

    storage = settings.storage or os.environ.get("OPTIMIST_STORAGE")
    ids = [] if devices is None else [device.strip() for device in devices.split(",")]
    with ExitStack() as stack:
        notes = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="optimist-run-")))
        logs = None if log_dir is None else Path(log_dir)
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
        environments = [
            {
                **_shared_variables(storage, study_name),
                **({"CUDA_VISIBLE_DEVICES": ids[place % len(ids)]} if ids else {}),
                "OPTIMIST_WORKER": str(place),
                NOTES_VARIABLE: str(notes / f"notes-{place}.jsonl"),
                ON_TERM_VARIABLE: on_term,
            }
            for place in range(workers)
        ]
        tally = Tally()
        copies = Copies([sys.executable, script, *arguments], environments, logs or notes, restarts)
        books = {
            copy: Notebook(Path(copy.environment[NOTES_VARIABLE]), copy.output, storage, logs, tally)
            for copy in copies.copies
        }
        display = stack.enter_context(Display(workers, tally))
        return _Launch(copies, books, display, on_term).run()


def _shared_variables(storage: str | None, study_name: str | None) -> dict[str, str]:
    variables = {"OPTIMIST_STORAGE": storage, "OPTIMIST_STUDY_NAME": study_name}
    return {name: value for name, value in variables.items() if value is not None}


class _Launch:
    """One run of the command, with all that it needs at hand."""

    def __init__(self, copies: Copies, books: dict[Copy, Notebook], display: Display, on_term: str) -> None:
        self._copies = copies
        self._books = books
        self._display = display
        self._on_term = on_term
        self._signals: list[int] = []
        self._n_obeyed = 0

    def run(self) -> int:
        """Launch the copies and stay with them to the end; return the exit code."""
        with _noting(self._signals), self._copies:
            while self._copies.n_alive:
                self._obey()
                self._turn()
        codes = [copy.code for copy in self._copies.copies]
        n_failed = sum(code != 0 for code in codes)
        self._display.sum_up(n_failed)
        if self._signals:
            return 128 + self._signals[0]
        if n_failed == len(codes):
            return _ALL_FAILED
        return _SOME_FAILED if n_failed else 0

    def _turn(self) -> None:
        from optimist.execution.copies import Line

        for event in self._copies.events():
            if isinstance(event, Line):
                self._display.say(event.copy, event.text)
                continue
            self._books[event.copy].close(was_asked=bool(self._signals))
            if event.code != 0:
                self._display.say(event.copy, _describe(event.code, event.is_replaced))
            if event.is_replaced and not self._signals:  # they may go to the copies as well, who obey at once
                self._copies.replace(event.copy)
        for book in self._books.values():
            book.read()
        self._display.update(self._copies.n_alive)

    def _obey(self) -> None:
        """Do what the signals that came say."""
        if len(self._signals) == self._n_obeyed:
            return
        self._n_obeyed = len(self._signals)
        if self._n_obeyed > 1 or self._on_term == "kill":
            self._copies.kill()
        else:
            self._copies.ask_to_end(with_children=self._on_term == "retry")
            if self._on_term == "finish":
                self._display.note("Running trials are finished first. Once more: kill them, and queue them again.")


def _describe(code: int, is_replaced: bool) -> str:
    from optimist.execution.crew import describe_end

    return f"({describe_end(code)}{'; starting again' if is_replaced else ''})"


@contextmanager
def _noting(signals: list[int]) -> Iterator[None]:
    """While this lasts, SIGINT and SIGTERM are noted and do nothing else."""

    def note(number: int, _frame: FrameType | None) -> None:
        signals.append(number)

    before: dict[int, Any] = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Display:
    """Shows what the copies write, and on a terminal one line of progress below it; a context manager.

    Args:
        n_copies: How many there are.
        tally: What they have done.
    """

    def __init__(self, n_copies: int, tally: Tally) -> None:
        self._n_copies = n_copies
        self._tally = tally
        self._write: Callable[[str], None] = click.echo
        self._status: Any = None

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            from rich.console import Console  # slow to load, and of no use to scripts
            from rich.text import Text

            console = Console()
            self._write = lambda line: console.print(Text(line), soft_wrap=True)
            self._status = console.status(self._progress(self._n_copies))
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, copy: Copy, text: str) -> None:
        """Show a line of a copy."""
        self._write(f"[worker {copy.place}] {text}")

    def note(self, text: str) -> None:
        """Show a line of our own."""
        self._write(text)

    def update(self, n_alive: int) -> None:
        """Show how far it is."""
        if self._status is not None:
            self._status.update(self._progress(n_alive))

    def _progress(self, n_alive: int) -> str:
        best = "" if self._tally.best is None else f", best {self._tally.best:.6g}"
        return f"{self._trials()}{best}, {n_alive} of {self._n_copies} workers"

    def _trials(self) -> str:
        states = self._tally.states
        parts = ", ".join(f"{count} {state.lower()}" for state, count in sorted(states.items()))
        return f"{states.total()} trials" + (f" ({parts})" if parts else "")

    def sum_up(self, n_failed: int) -> None:
        """Say how it went."""
        well = f"{self._n_copies - n_failed} of {self._n_copies} workers ended well"
        best = "" if self._tally.best is None else f"; best value {self._tally.best:.6g}"
        self._write(f"{self._trials()}{best}; {well}.")
