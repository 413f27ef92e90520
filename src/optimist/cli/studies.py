"""Commands that make, list, annotate and delete studies."""

from __future__ import annotations

import click

import optimist
from optimist.cli.command import Command, SeveralValues
from optimist.cli.output import Record, output_options, show
from optimist.cli.settings import Settings, shared_options
from optimist.cli.stores import load_study_of, open_storage_of

_DIRECTION = click.Choice(["minimize", "maximize"])


@click.command(
    "create-study",
    cls=Command,
    example="optimist create-study --storage study.db --study-name digits --direction maximize",
)
@click.option("--study-name", help="Name of the study; made up if left out.")
@click.option("--direction", type=_DIRECTION, help="Which values are better; minimize if left out.")
@click.option("--directions", cls=SeveralValues, type=_DIRECTION, help="One direction per objective, instead.")
@click.option("--skip-if-exists", is_flag=True, help="Go on with the study if there is one of this name.")
@shared_options
@click.pass_obj
def create_study(
    settings: Settings,
    study_name: str | None,
    direction: str | None,
    directions: list[str] | None,
    skip_if_exists: bool,
) -> None:
    """Make a study, and print its name.

    A storage that is a file is made as well, if need be.
    """
    study = optimist.create_study(
        storage=open_storage_of(settings, may_be_new=True),
        study_name=study_name,
        direction=direction,  # type: ignore[arg-type]
        directions=directions,  # type: ignore[arg-type]
        load_if_exists=skip_if_exists,
    )
    click.echo(study.study_name)


@click.command("delete-study", cls=Command, example="optimist delete-study --storage study.db --study-name digits")
@click.option("--study-name", required=True, help="Name of the study.")
@shared_options
@click.pass_obj
def delete_study(settings: Settings, study_name: str) -> None:
    """Delete a study and all its trials."""
    optimist.delete_study(study_name=study_name, storage=open_storage_of(settings))


@click.command("studies", cls=Command, example="optimist studies --storage study.db")
@output_options("table")
@shared_options
@click.pass_obj
def list_studies(settings: Settings, form: str, flatten: bool) -> None:
    """List the studies with directions, number of trials, start and attributes."""
    summaries = optimist.get_all_study_summaries(open_storage_of(settings), include_best_trial=False)
    keys = [("name", ""), ("direction", ""), ("n_trials", ""), ("datetime_start", "")]
    if any(summary.user_attrs for summary in summaries):
        keys.append(("user_attrs", ""))
    records: list[Record] = [
        {
            ("name", ""): summary.study_name,
            ("direction", ""): tuple(direction.name for direction in summary.directions),
            ("n_trials", ""): summary.n_trials,
            ("datetime_start", ""): summary.datetime_start,
            ("user_attrs", ""): summary.user_attrs,
        }
        for summary in summaries
    ]
    show(records, keys, form, flatten=flatten)


@click.command("study-names", cls=Command, example="optimist study-names --storage study.db")
@output_options("value", can_flatten=False)
@shared_options
@click.pass_obj
def list_study_names(settings: Settings, form: str) -> None:
    """List the names of the studies, one per line."""
    names = optimist.get_all_study_names(open_storage_of(settings))
    show([{("name", ""): name} for name in names], [("name", "")], form)


@click.command(
    "set-user-attr",
    cls=Command,
    example="optimist study set-user-attr --storage study.db --study-name digits --key data --value v2",
)
@click.option("--study-name", required=True, help="Name of the study.")
@click.option("--key", "-k", required=True, help="Name of the attribute.")
@click.option("--value", required=True, help="What to keep under it, as text.")
@shared_options
@click.pass_obj
def set_user_attr(settings: Settings, study_name: str, key: str, value: str) -> None:
    """Keep a note with a study."""
    load_study_of(settings, study_name).set_user_attr(key, value)
    optimist.logging.get_logger(__name__).info("The attribute %r is set.", key)
