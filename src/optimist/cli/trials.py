"""Commands that show trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import optimist
from optimist.cli.command import Command
from optimist.cli.output import Key, Record, output_options, show
from optimist.cli.settings import Settings, shared_options
from optimist.cli.stores import load_study_of, open_storage_of

if TYPE_CHECKING:
    from optimist.study import Study

_name_option = click.option("--study-name", required=True, help="Name of the study.")


@click.command("trials", cls=Command, example="optimist trials --storage study.db --study-name digits --flatten")
@_name_option
@output_options("table")
@shared_options
@click.pass_obj
def list_trials(settings: Settings, study_name: str, form: str, flatten: bool) -> None:
    """List all trials of a study."""
    keys, records = tabulate(load_study_of(settings, study_name))
    show(records, keys, form, flatten=flatten)


@click.command(
    "best-trial", cls=Command, example="optimist best-trial --storage study.db --study-name digits --format json"
)
@_name_option
@output_options("table")
@shared_options
@click.pass_obj
def show_best_trial(settings: Settings, study_name: str, form: str, flatten: bool) -> None:
    """Show the best trial of a study with one objective."""
    study = load_study_of(settings, study_name)
    number = study.best_trial.number
    keys, records = tabulate(study)
    show(records[number], keys, form, flatten=flatten)


@click.command(
    "best-trials", cls=Command, example="optimist best-trials --storage study.db --study-name digits --flatten"
)
@_name_option
@output_options("table")
@shared_options
@click.pass_obj
def list_best_trials(settings: Settings, study_name: str, form: str, flatten: bool) -> None:
    """List the trials that no other trial beats in every objective: the Pareto front."""
    study = load_study_of(settings, study_name)
    numbers = {trial.number for trial in study.best_trials}
    keys, records = tabulate(study)
    show([record for number, record in enumerate(records) if number in numbers], keys, form, flatten=flatten)


@click.command(
    "void",
    cls=Command,
    example='optimist void --storage study.db --study-name digits --trial-number 1 --reason "wrong data set"',
)
@click.option("--study-name", help="Name of the study; may be left out if the storage holds just one.")
@click.option("--trial-number", type=int, required=True, help="Number of a finished trial.")
@click.option("--reason", required=True, help="Why it shall not count any more.")
@shared_options
@click.pass_obj
def void_trial(settings: Settings, study_name: str | None, trial_number: int, reason: str) -> None:
    """Let a finished trial count for nothing any more; it stays listed, with the reason.

    Samplers and pruners do not see it any more, and it is never the best. This cannot be taken back.
    """
    study = optimist.load_study(study_name=study_name, storage=open_storage_of(settings))
    study.void(trial_number, reason)
    optimist.logging.get_logger(__name__).info("Trial %d is void.", trial_number)


def tabulate(study: Study) -> tuple[list[Key], list[Record]]:
    """The columns that the trials of a study fill, and one record per trial, by number."""
    from optimist.study.dataframe import ABSENT, trials_table  # loads numpy, for which help shall not wait

    attrs = ["number", "value", "datetime_start", "datetime_complete", "duration", "params", "user_attrs", "state"]
    if len(study.directions) > 1:
        attrs[1] = "values"
    study.ledger.sync()
    if study.ledger.history.voided:
        attrs.append("void_reason")
    if study.ledger.history.has_metrics:
        attrs.append("intermediate_metrics")
    table = trials_table(study, attrs)
    columns = [cells.to_list() for cells in table.values()]
    keys: list[Key] = list(table)
    records: list[Record] = [
        {key: value for key, value in zip(keys, row, strict=True) if value is not ABSENT}
        for row in zip(*columns, strict=True)
    ]
    return (keys if records else []), records
