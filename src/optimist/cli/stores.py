"""The storage and the study that a command is about, and the commands that look after a storage."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

import optimist
from optimist.cli.command import Command
from optimist.cli.settings import Settings, shared_options
from optimist.exceptions import CLIUsageError

if TYPE_CHECKING:
    from optimist.storages.base import Storage
    from optimist.study import Study

COMPACT_EXAMPLE = """\
optimist create-study --storage journal://study.journal --study-name first
optimist storage compact --storage journal://study.journal"""

REPAIR_EXAMPLE = """\
optimist create-study --storage journal://other.journal --study-name first
optimist storage repair --storage journal://other.journal"""

_STORAGE_VARIABLE = "OPTIMIST_STORAGE"
_FILE = re.compile(r"(?:sqlite(?:\+\w+)?:///)?(?P<path>[^?]+)(?:\?.*)?")
_JOURNAL = "journal://"
_FILE_CLASSES = ("JournalFileBackend", "JournalFileStorage")
_REDIS_CLASSES = ("JournalRedisBackend", "JournalRedisStorage")


def open_storage_of(settings: Settings, *, may_be_new: bool = False) -> Storage:
    """Open the storage that the user named.

    Args:
        settings: The options.
        may_be_new: Whether a file or a database that is not there shall be made; else it is taken for a slip of the
            pen.

    Raises:
        CLIUsageError: No storage is named, its class is not known, or there is no such file.
    """
    url = url_of(settings, may_be_new=may_be_new)
    # Opening a database loads numpy and SQLAlchemy; help and mistakes shall not wait for that.
    from optimist.storages.open import open_storage

    return open_storage(url, create_database=may_be_new)


def url_of(settings: Settings, *, may_be_new: bool = False) -> str:
    """The URL or file name of the storage that the user named; arguments and errors as in ``open_storage_of``."""
    url = settings.storage or os.environ.get(_STORAGE_VARIABLE)
    if not url:
        raise CLIUsageError(f"Which storage? Give --storage, such as --storage study.db, or set {_STORAGE_VARIABLE}.")
    if settings.storage_class in _FILE_CLASSES and not url.startswith(_JOURNAL):
        url = f"{_JOURNAL}{url}"
    path = file_of(url)
    if path is not None and not may_be_new and not path.exists():
        raise CLIUsageError(f"There is no file {path}. The command create-study makes one.")
    if settings.storage_class in _REDIS_CLASSES and not url.startswith(("redis://", "rediss://")):
        raise CLIUsageError(f"{settings.storage_class} needs a URL such as redis://localhost:6379/0, but got {url}.")
    return url


def file_of(url: str) -> Path | None:
    """The file behind the URL of an SQLite database or a journal, or a bare file name; None for all else."""
    if url.startswith(_JOURNAL):
        return Path(url.removeprefix(_JOURNAL))
    found = _FILE.fullmatch(url)
    if found is None or "://" in found["path"] or found["path"] == ":memory:" or found["path"].startswith("file:"):
        return None
    return Path(found["path"])


def load_study_of(settings: Settings, study_name: str | None) -> Study:
    """Open the study that the user named."""
    return optimist.load_study(study_name=study_name, storage=open_storage_of(settings))


@click.command("upgrade", cls=Command, example="optimist storage upgrade --storage sqlite:///study.db")
@shared_options
@click.pass_obj
def upgrade_storage(settings: Settings) -> None:
    """Bring the tables of a database up to this version.

    Studies and trials stay as they are. Upgrade after installing a newer Optimist, while no worker is running.
    """
    url = url_of(settings)
    from optimist.storages.open import upgrade_storage_at

    logger = optimist.logging.get_logger(__name__)
    if upgrade_storage_at(url):
        logger.info("The storage is up to date now.")
    else:
        logger.info("This storage is up to date.")


@click.command("compact", cls=Command, example=COMPACT_EXAMPLE)
@shared_options
@click.pass_obj
def compact_storage(settings: Settings) -> None:
    """Write a journal anew in as few records as it needs.

    Each trial becomes one record, and deleted studies disappear. Workers may go on meanwhile.
    """
    url = url_of(settings)
    from optimist.storages.open import open_journal

    open_journal(url).compact()
    optimist.logging.get_logger(__name__).info("The journal is compact now.")


@click.command("repair", cls=Command, example=REPAIR_EXAMPLE)
@shared_options
@click.pass_obj
def repair_storage(settings: Settings) -> None:
    """Find what is damaged in a journal, and write it anew without that.

    Damaged records do no harm: they are passed over, and all others count. The journal as it was is kept beside, for
    whoever wants to look at what was lost. Workers may go on meanwhile.
    """
    url = url_of(settings)
    from optimist.storages.journal.repair import describe
    from optimist.storages.open import open_journal

    done = open_journal(url).repair()
    for damage in done.damaged:
        click.echo(describe(damage))
    logger = optimist.logging.get_logger(__name__)
    if done.kept_as is None:
        logger.info("Nothing is damaged: all %d records count.", done.n_records)
    else:
        logger.info(
            "%d damaged lines were taken out, %d records count. The damaged journal is kept as %s.",
            len(done.damaged),
            done.n_records,
            done.kept_as,
        )
