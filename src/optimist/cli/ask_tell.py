"""Commands that run trials from outside Python: ask for parameters, tell the outcome."""

from __future__ import annotations

import inspect
import json
from typing import Any

import click

import optimist
from optimist.cli.command import Command, SeveralValues
from optimist.cli.output import Record, output_options, show
from optimist.cli.settings import Settings, shared_options
from optimist.cli.stores import open_storage_of
from optimist.exceptions import CLIUsageError

_ASK_EXAMPLE = """\
optimist ask --storage study.db --study-name digits --search-space '{
  "rate":   {"name": "FloatDistribution", "attributes": {"low": 1e-5, "high": 1.0, "log": true}},
  "layers": {"name": "IntDistribution", "attributes": {"low": 1, "high": 4}},
  "loss":   {"name": "CategoricalDistribution", "attributes": {"choices": ["l1", "l2"]}}}'"""

_TELL_EXAMPLE = """\
optimist tell --storage study.db --study-name digits --trial-number 0 --values 0.93
optimist tell --storage study.db --study-name digits --trial-number 1 --state fail"""

_STATES = ("complete", "pruned", "fail")


@click.command("ask", cls=Command, example=_ASK_EXAMPLE)
@click.option("--study-name", help="Name of the study; may be left out if the storage holds just one.")
@click.option("--sampler", metavar="CLASS", help="Class of optimist.samplers that proposes, such as TPESampler.")
@click.option("--sampler-kwargs", metavar="JSON", help="Its keyword arguments, such as '{\"seed\": 1}'.")
@click.option("--search-space", metavar="JSON", help="Distributions by parameter name, as in the example.")
@output_options("json")
@shared_options
@click.pass_obj
def ask(
    settings: Settings,
    study_name: str | None,
    sampler: str | None,
    sampler_kwargs: str | None,
    search_space: str | None,
    form: str,
    flatten: bool,
) -> None:
    """Start a trial, and print its number and parameters.

    Run the experiment with them, then say how it went: optimist tell.
    """
    if sampler is None and sampler_kwargs is not None:
        raise CLIUsageError("--sampler-kwargs needs --sampler: whose arguments are they?")
    space = {
        name: optimist.distributions.json_to_distribution(json.dumps(distribution))
        for name, distribution in _read_json("--search-space", search_space).items()
    }
    study = optimist.load_study(
        study_name=study_name,
        storage=open_storage_of(settings),
        sampler=None if sampler is None else _make_sampler(sampler, _read_json("--sampler-kwargs", sampler_kwargs)),
    )
    trial = study.ask(fixed_distributions=space)
    optimist.logging.get_logger(__name__).info("Asked trial %d with parameters %s.", trial.number, trial.params)
    record: Record = {("number", ""): trial.number}
    record.update({("params", name): value for name, value in trial.params.items()})
    if not trial.params and not flatten:
        record["params", ""] = {}
    show(record, list(record), form, flatten=flatten)


@click.command("tell", cls=Command, example=_TELL_EXAMPLE)
@click.option("--study-name", help="Name of the study; may be left out if the storage holds just one.")
@click.option("--trial-number", type=int, required=True, help="The number that ask printed.")
@click.option("--values", cls=SeveralValues, type=float, help="The objective value, or one per objective.")
@click.option("--state", type=click.Choice(_STATES), help="How it ended; left out: complete if there are values.")
@click.option("--skip-if-finished", is_flag=True, help="Do nothing if the trial is finished already.")
@shared_options
@click.pass_obj
def tell(
    settings: Settings,
    study_name: str | None,
    trial_number: int,
    values: list[float] | None,
    state: str | None,
    skip_if_finished: bool,
) -> None:
    """End a trial that was started by ask."""
    study = optimist.load_study(study_name=study_name, storage=open_storage_of(settings))
    told = study.tell(
        trial_number,
        values,
        None if state is None else optimist.trial.TrialState[state.upper()],
        skip_if_finished=skip_if_finished,
    )
    optimist.logging.get_logger(__name__).info(
        "Told trial %d: it is %s with values %s.", trial_number, told.state.name, told.values
    )


def _read_json(option: str, text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise CLIUsageError(f"{option} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise CLIUsageError(f"{option} takes a JSON object, such as '{{...}}', but got {text!r}.")
    return found


def _make_sampler(name: str, arguments: dict[str, Any]) -> Any:
    """Make a sampler by the name of its class.

    Raises:
        CLIUsageError: There is no such class.
        TypeError: It does not take these arguments.
    """
    from optimist.samplers import BaseSampler  # loads numpy

    built = {other: getattr(optimist.samplers, other) for other in dir(optimist.samplers)}
    classes = {
        other: kind
        for other, kind in built.items()
        if isinstance(kind, type) and issubclass(kind, BaseSampler) and not inspect.isabstract(kind)
    }
    if name not in classes:
        raise CLIUsageError(f"There is no sampler {name!r}. optimist.samplers has: {', '.join(sorted(classes))}.")
    return classes[name](**arguments)
