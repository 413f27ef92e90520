"""The command ``optimist``: its help, its subcommands, and how it says what went wrong."""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import click

from optimist.cli.ask_tell import ask, tell
from optimist.cli.check import check
from optimist.cli.command import write_lines
from optimist.cli.comparing import compare
from optimist.cli.exchange import import_studies
from optimist.cli.pruning import audit_pruning, replay_pruners
from optimist.cli.reporting import export, report
from optimist.cli.run import run
from optimist.cli.settings import Settings, shared_options
from optimist.cli.stores import compact_storage, repair_storage, upgrade_storage
from optimist.cli.studies import create_study, delete_study, list_studies, list_study_names, set_user_attr
from optimist.cli.trials import list_best_trials, list_trials, show_best_trial, void_trial
from optimist.exceptions import OptimistError
from optimist.version import __version__

SECTIONS = {
    "Studies": ("create-study", "studies", "study-names", "study set-user-attr", "delete-study"),
    "Trials": ("trials", "best-trial", "best-trials", "void"),
    "What was found": ("report", "compare", "export"),
    "Pruning": ("audit", "replay"),
    "Run trials from the shell": ("check", "run", "ask", "tell"),
    "From Optuna": ("import",),
    "Upkeep": ("storage upgrade", "storage compact", "storage repair", "help"),
}

EXAMPLE = """\
optimist create-study --storage demo.db --study-name demo --direction maximize
optimist ask --storage demo.db --search-space '{"x": {"name": "FloatDistribution", "attributes": {"low": 0, "high": 1}}}'
optimist tell --storage demo.db --trial-number 0 --values 0.93"""

NEXT_STEPS = """\
optimist help COMMAND              what a command does, its options and an example
export OPTIMIST_STORAGE=demo.db    then no command needs --storage
optimist best-trial --study-name demo --format json    for scripts; also yaml, value and table
python -c 'import optimist; help(optimist.create_study)'    the same from Python"""


class TeachingGroup(click.Group):
    """A group whose help sorts the commands by purpose and shows a session."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, _summary(self, name, ctx)) for name in names])
        write_lines(formatter, "A session", EXAMPLE)
        write_lines(formatter, "Where to go next", NEXT_STEPS)
        self.format_options(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options alone: the commands have been shown."""
        click.Command.format_options(self, ctx, formatter)


def _summary(group: click.Group, name: str, ctx: click.Context) -> str:
    return find_command(group, name.split(), ctx).get_short_help_str(limit=100)


def find_command(group: click.Group, words: Sequence[str], ctx: click.Context) -> click.Command:
    """Find a command by its one or two words.

    Raises:
        click.UsageError: There is none.
    """
    command: click.Command | None = group
    for word in words:
        command = command.get_command(ctx, word) if isinstance(command, click.Group) else None
    if command is None:
        raise click.UsageError(f"There is no command {' '.join(words)!r}.", ctx)
    return command


@click.group(
    cls=TeachingGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(__version__, message="optimist %(version)s")
@shared_options
@click.pass_context
def app(ctx: click.Context) -> None:
    """Tune hyperparameters: keep studies in a database, look at them, run trials from any language."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@app.group()
@shared_options
def study() -> None:
    """Change a study."""


@app.group()
@shared_options
def storage() -> None:
    """Look after a storage."""


@app.command("help")
@click.argument("command", nargs=-1)
@click.pass_context
def show_help(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Show this help, or that of a command."""
    root = ctx.find_root()
    found = find_command(app, command, root)
    if found is app:
        click.echo(root.get_help())
        return
    with click.Context(found, info_name=f"optimist {' '.join(command)}", parent=None, **app.context_settings) as inner:
        click.echo(found.get_help(inner))


for _command in (
    create_study,
    list_studies,
    list_study_names,
    delete_study,
    list_trials,
    show_best_trial,
    list_best_trials,
    check,
    run,
    void_trial,
    report,
    compare,
    export,
    audit_pruning,
    replay_pruners,
    import_studies,
    ask,
    tell,
):
    app.add_command(_command)
study.add_command(set_user_attr)
for _command in (upgrade_storage, compact_storage, repair_storage):
    storage.add_command(_command)


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        args: What stands after the program's name; None for that of this process.

    Returns:
        The exit code: 0 if all went well, 1 if not, 2 if the command line cannot be understood.
    """
    settings = Settings()
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            result = app.main(args, prog_name="optimist", standalone_mode=False, obj=settings)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("Stopped.", err=True)
            return 130
        except Exception as error:  # noqa: BLE001  whatever it is, the user gets one sentence
            if is_closed_pipe(error):
                return _leave_quietly()
            if settings.shows_tracebacks:
                traceback.print_exc()
            else:
                click.echo(f"Error: {sentence_of(error)}", err=True)
            return 1
    return result if isinstance(result, int) else 0


def sentence_of(error: Exception) -> str:
    """Say in one line what went wrong."""
    lines = str(error.args[0] if isinstance(error, KeyError) and error.args else error).splitlines()
    text = lines[0] if lines else type(error).__name__
    if isinstance(error, (OptimistError, ValueError, LookupError, TypeError, RuntimeError, OSError, ImportError)):
        return text
    return f"{type(error).__name__}: {text} (--debug shows where)"


def is_closed_pipe(error: Exception) -> bool:
    """Whether the reader of our output has gone, as ``head`` does."""
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _leave_quietly() -> int:
    """Keep Python from complaining about the closed pipe when it flushes the output at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"Warning: {message}", err=True)
