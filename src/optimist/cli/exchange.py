"""Copies of studies: the command that takes them out of Optuna's stores, and what `export` puts into Optuna's database."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

import optimist
from optimist.cli.command import Command, SeveralValues
from optimist.cli.settings import Settings, shared_options
from optimist.cli.stores import open_storage_of, url_of

if TYPE_CHECKING:
    from optimist.storages.exchange.importing import CopiedStudy, Progress

IMPORT_EXAMPLE = """\
optimist import sqlite:///optuna.db --to imported.db
optimist import optuna.log --to journal://imported.journal --study-name digits"""


@click.command("import", cls=Command, example=IMPORT_EXAMPLE)
@click.argument("url")
@click.option("--to", metavar="STORAGE", help="Where the copies shall live; left out: the storage as elsewhere.")
@click.option("--study-name", "names", cls=SeveralValues, help="Which studies; left out: all.")
@click.option("--skip-if-exists", is_flag=True, help="Leave out studies of which there is one of the same name.")
@shared_options
@click.pass_obj
def import_studies(settings: Settings, url: str, to: str | None, names: list[str] | None, skip_if_exists: bool) -> None:
    """Copy studies from Optuna's database or journal file.

    URL is what Optuna has written: a database (SQLite, MySQL, MariaDB, PostgreSQL), or a journal file. It is not
    changed, Optuna is not needed, and the copies may live in the same database.
    """
    if to is not None:
        settings.storage = to
    target = url_of(settings, may_be_new=True)
    with _counter() as progress:
        copied = optimist.storages.import_from_optuna(
            url,
            target,
            study_names=names,
            skip_if_exists=skip_if_exists,
            create_database=True,
            progress=progress,
        )
    _tell(copied)


def export_to_optuna(settings: Settings, url: str, names: list[str] | None) -> None:
    """Copy studies into a database that Optuna opens, and say which; None stands for all."""
    copied = optimist.storages.export_to_optuna(url, open_storage_of(settings), study_names=names, create_database=True)
    _tell(copied)


def _tell(copied: Sequence[CopiedStudy]) -> None:
    for study in copied:
        click.echo(f"{study.name}: {study.n_trials} trial{'' if study.n_trials == 1 else 's'}")
    if not copied:
        optimist.logging.get_logger(__name__).info("There was no study to copy.")


@contextmanager
def _counter() -> Iterator[Progress | None]:
    """Shows, on a terminal, how far a copy has come."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(name: str, n_done: int, n_all: int) -> None:
        click.echo(f"\r\x1b[K{name}: {n_done:,} of {max(n_done, n_all):,} trials", nl=False, err=True)

    try:
        yield show
    finally:
        click.echo("\r\x1b[K", nl=False, err=True)
