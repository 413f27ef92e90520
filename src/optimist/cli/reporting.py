"""Commands that write what was found: a report to read, and the trials for other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

import optimist
from optimist.cli.command import Command
from optimist.cli.exchange import export_to_optuna
from optimist.cli.pruning import load_studies
from optimist.cli.settings import Settings, shared_options
from optimist.exceptions import CLIUsageError

if TYPE_CHECKING:
    from optimist.study import Study

_STDOUT = "-"

_EXPORT_EXAMPLE = """\
optimist export digits --storage study.db --csv trials.csv --json study.json
optimist export digits --storage study.db --csv -
optimist export --to optuna sqlite:///for-optuna.db --storage study.db"""


@click.command("report", cls=Command, example="optimist report digits --storage study.db --out report.md")
@click.argument("study", metavar="[STUDY]", required=False)
@click.option("--out", required=True, metavar="FILE", help="Where to: a file named .html or .md.")
@shared_options
@click.pass_obj
def report(settings: Settings, study: str | None, out: str) -> None:
    """Write what was found: space, best against defaults, pictures, importances, how to do it again.

    A file named .html holds all that it needs, and opens without a network. One named .md is Markdown, with its pictures in
    a folder beside it. Without a name it is the only study of the storage.
    """
    from optimist.report.write import FORMS  # loads numpy, for which help shall not wait

    if Path(out).suffix.lower() not in FORMS:
        raise CLIUsageError(f"--out takes a file that ends in {', '.join(FORMS)}, but got {out!r}.")
    (found,) = load_studies(settings, [] if study is None else [study])
    optimist.report.write_report(found, out)
    optimist.logging.get_logger(__name__).info("The report is in %s.", out)


@click.command("export", cls=Command, example=_EXPORT_EXAMPLE)
@click.argument("study", metavar="[STUDY]", required=False)
@click.option("--csv", "csv_file", metavar="FILE", help="A row for each trial, as comma-separated values; - to print.")
@click.option("--json", "json_file", metavar="FILE", help="The study and its trials as a JSON document; - to print.")
@click.option(
    "--parquet", "parquet_file", metavar="FILE", help="A row for each trial, as Apache Parquet; needs pyarrow."
)
@click.option(
    "--to",
    type=(click.Choice(["optuna"]), str),
    metavar="optuna URL",
    help="A database (SQLite, MySQL, MariaDB, PostgreSQL), made if need be, that Optuna and optuna-dashboard open.",
)
@shared_options
@click.pass_obj
def export(
    settings: Settings,
    study: str | None,
    csv_file: str | None,
    json_file: str | None,
    parquet_file: str | None,
    to: tuple[str, str] | None,
) -> None:
    """Write the trials for other programs, every number exactly as it is.

    Parameters, values, states, times, intermediate values and attributes. Without a name it is the only study of the
    storage; with --to, all of its studies. Optuna is not needed for that.
    """
    if to is not None:
        export_to_optuna(settings, to[1], None if study is None else [study])
    if csv_file is json_file is parquet_file is None:
        if to is not None:
            return
        raise CLIUsageError(
            "Export to what? Give --csv, --json or --parquet with the name of a file, or --to optuna with the URL of a "
            "database."
        )
    if parquet_file == _STDOUT:
        raise CLIUsageError("Parquet is not text, so it cannot be printed: give --parquet the name of a file.")
    if csv_file == json_file == _STDOUT:
        raise CLIUsageError("Only one of --csv and --json can be printed: give the other one the name of a file.")
    (found,) = load_studies(settings, [] if study is None else [study])
    for file, make in (
        (csv_file, _bytes_of(optimist.report.export_csv)),
        (json_file, _bytes_of(optimist.report.export_json)),
        (parquet_file, optimist.report.export_parquet),
    ):
        if file is not None:
            _write(file, make(found))


def _bytes_of(make: Callable[[Study], str]) -> Callable[[Study], bytes]:
    return lambda study: make(study).encode()


def _write(file: str, content: bytes) -> None:
    if file == _STDOUT:
        click.echo(content.decode(), nl=False)
        return
    from optimist.report.write import write_file

    write_file(Path(file), content)
    optimist.logging.get_logger(__name__).info("%s is written.", file)
