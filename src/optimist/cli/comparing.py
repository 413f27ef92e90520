"""The command that compares studies, or settings by their repeats."""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

import optimist
from optimist.cli.command import Command
from optimist.cli.output import Key, Record, output_options, show
from optimist.cli.settings import Settings, shared_options
from optimist.cli.stores import open_storage_of
from optimist.exceptions import CLIUsageError

if TYPE_CHECKING:
    from optimist.analysis import Contender, StudyComparison
    from optimist.storages.base import Storage
    from optimist.study import Study

_EXAMPLE = """\
optimist create-study --storage study.db --study-name grid --direction maximize
optimist compare digits grid --storage study.db --in-any-order grid
optimist compare 'tpe=digit*' 'grid=grid' --storage study.db"""


@click.command("compare", cls=Command, example=_EXAMPLE)
@click.argument("contenders", metavar="STUDY|NAME=STUDY,...", nargs=-1, required=True)
@click.option(
    "--within",
    type=click.FloatRange(min=0),
    default=0.01,
    show_default=True,
    help="What is close to the best known value, as a share of it.",
)
@click.option("--best-known", type=float, help="The best value there is; without it the best of these studies.")
@click.option(
    "--in-any-order",
    "in_any_order",
    multiple=True,
    metavar="NAME",
    help="The order of its trials is arbitrary, as for a grid; may be repeated.",
)
@click.option("--paired", is_flag=True, help="Repeat i of each belongs to repeat i of the others.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="For the bootstrap.")
@output_options("table", can_flatten=False)
@shared_options
@click.pass_obj
def compare(
    settings: Settings,
    contenders: tuple[str, ...],
    within: float,
    best_known: float | None,
    in_any_order: tuple[str, ...],
    paired: bool,
    seed: int,
    form: str,
) -> None:
    """Compare studies by trials and by time: how good, how soon, and how sure that is.

    NAME=STUDY,... takes several studies as repeats of one setting; * and ? stand for parts of names. Differences are to
    the first one.
    """
    named = _find(open_storage_of(settings), contenders)
    from optimist.analysis import compare_studies  # loads numpy, for which help shall not wait

    found = compare_studies(
        named, within=within, best_known=best_known, in_any_order=in_any_order, paired=paired, seed=seed
    )
    if form == "table":
        for sentence in found.sentences:
            click.echo(sentence)
        click.echo()
        rows = [_row(one, found) for one in found.contenders]
        show(rows, list(rows[0]), form)
        return
    record = _record(found)
    show(record, list(record), form)


def _find(storage: Storage, words: tuple[str, ...]) -> dict[str, list[Study]]:
    """The studies of each contender, by its name."""
    existing = optimist.get_all_study_names(storage)
    named: dict[str, list[str]] = {}
    for word in words:
        name, _, patterns = ("", "", word) if word in existing or "=" not in word else word.partition("=")
        chosen = [patterns] if not name else _matching(patterns.split(","), existing)
        if not chosen:
            raise CLIUsageError(f"No study matches {word!r}. The storage has: {', '.join(existing) or 'none'}.")
        named.setdefault(name or word, []).extend(chosen)
    return {
        name: [optimist.load_study(study_name=study, storage=storage) for study in dict.fromkeys(studies)]
        for name, studies in named.items()
    }


def _matching(patterns: list[str], existing: list[str]) -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        found += [pattern] if pattern in existing else sorted(name for name in existing if fnmatchcase(name, pattern))
    return found


def _row(one: Contender, found: StudyComparison) -> Record:
    """A line of the table."""
    record: Record = {("", ""): one.name}
    if any(other.n_repeats > 1 for other in found.contenders):
        record["repeats", ""] = one.n_repeats
    record["trials", ""] = f"{one.n_trials:g}"
    record["seconds", ""] = f"{one.seconds:.4g}"
    record["best", ""] = _number(one.best)
    if ("repeats", "") in record:
        record["middle half", ""] = " to ".join(_number(value) for value in one.quartiles)
    for n in found.checkpoints:
        record[f"close at {n}", ""] = f"{one.chance_after(n):.0%}"
    record["trials to close", ""] = "never" if one.trials_to_within is None else str(one.trials_to_within)
    difference = one.difference
    if difference is None:
        record[f"difference at {found.budget}", ""] = ""
    else:
        interval = difference.interval
        ends = "" if interval is None else f" ({interval[0]:.3g} to {interval[1]:.3g})"
        record[f"difference at {found.budget}", ""] = f"{difference.mean:+.3g}{ends}"
    return record


def _number(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.6g}"


def _record(found: StudyComparison) -> dict[Key, object]:
    """All figures, for scripts."""
    return {
        ("direction", ""): found.direction.name.lower(),
        ("best_known", ""): _none_for_nan(found.best_known),
        ("within", ""): found.within,
        ("budget", ""): found.budget,
        ("contenders", ""): [_figures(one, found) for one in found.contenders],
        ("sentences", ""): list(found.sentences),
    }


def _figures(one: Contender, found: StudyComparison) -> dict[str, object]:
    difference = one.difference
    return {
        "name": one.name,
        "n_repeats": one.n_repeats,
        "n_trials": one.n_trials,
        "seconds": one.seconds,
        "best": _none_for_nan(one.best),
        "quartiles": [_none_for_nan(value) for value in one.quartiles],
        "best_at_budget": [_none_for_nan(value) for value in one.best_at_budget],
        "in_any_order": one.in_any_order,
        "chance_within": {str(n): one.chance_after(n) for n in found.checkpoints},
        "trials_to_within": one.trials_to_within,
        "difference": None if difference is None else difference.mean,
        "difference_interval": None if difference is None or difference.interval is None else list(difference.interval),
    }


def _none_for_nan(value: float) -> float | None:
    return None if math.isnan(value) else value
