"""Commands that say what pruning is worth: what it saved and cost, and what another pruner would have done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

import optimist
from optimist.cli.command import Command
from optimist.cli.output import Record, output_options, show
from optimist.cli.settings import Settings, shared_options
from optimist.cli.stores import open_storage_of

if TYPE_CHECKING:
    from optimist.analysis import Cost, PruningAudit, Share, ValueRange
    from optimist.pruners import PrunerScore
    from optimist.study import Study


@click.command("audit", cls=Command, example="optimist audit digits --storage study.db")
@click.argument("studies", metavar="[STUDY]...", nargs=-1)
@output_options("table", can_flatten=False)
@shared_options
@click.pass_obj
def audit_pruning(settings: Settings, studies: tuple[str, ...], form: str) -> None:
    """Say what pruning saved, and what it cost.

    Several studies are counted together. Without one it is the only study of the storage. What pruning cost is known for
    studies that ran with AuditedPruner, which lets a share of the condemned trials go on.
    """
    first, *others = load_studies(settings, studies)
    audit = first.pruning_audit(*others)
    if form == "table":
        _say(audit.sentences)
        if audit.values:
            ranges = [_range_row(found) for found in audit.values]
            show(ranges, list(ranges[0]), form)
        return
    record = _figures(audit)
    record["values", ""] = [_plain(_range_record(found)) for found in audit.values]
    record["sentences", ""] = list(audit.sentences)
    show(record, list(record), form)


@click.command("replay", cls=Command, example="optimist replay digits --storage study.db --orders 50")
@click.argument("study", metavar="[STUDY]", required=False)
@click.option("--orders", type=click.IntRange(min=1), default=100, show_default=True, help="Number of random orders.")
@click.option("--tolerance", type=float, help="Mean regret to accept. Without it: 1% of median to best value.")
@click.option(
    "--most-leads-stopped",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of would-be best trials that may be stopped.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="For the orders.")
@output_options("table", can_flatten=False)
@shared_options
@click.pass_obj
def replay_pruners(
    settings: Settings,
    study: str | None,
    orders: int,
    tolerance: float | None,
    most_leads_stopped: float,
    seed: int,
    form: str,
) -> None:
    """Say what each pruner would have saved and cost, and recommend one.

    The trials that ran to their end are run again in random orders, from what they reported; nothing is trained. Without
    a name it is the only study of the storage.
    """
    (found,) = load_studies(settings, [] if study is None else [study])
    comparison = found.replay_pruners(
        n_orders=orders, tolerance=tolerance, most_leads_stopped=most_leads_stopped, seed=seed
    )
    records = [_score_record(score) for score in comparison.scores]
    if form == "table":
        _say(comparison.sentences)
        show(records, list(records[0]), form)
        return
    best = comparison.recommended
    record: Record = {
        ("n_runs", ""): comparison.n_runs,
        ("n_left_out", ""): comparison.n_left_out,
        ("tolerance", ""): comparison.tolerance,
        ("most_leads_stopped", ""): comparison.most_leads_stopped,
        ("recommended", ""): None if best is None else best.code,
        ("pruners", ""): [_plain(record) for record in records],
        ("sentences", ""): list(comparison.sentences),
    }
    show(record, list(record), form)


def _say(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        click.echo(sentence)
    click.echo()


def load_studies(settings: Settings, names: Sequence[str]) -> list[Study]:
    """Open studies by name; the only one of the storage if there is no name."""
    storage = open_storage_of(settings)
    if not names:
        return [optimist.load_study(study_name=None, storage=storage)]
    return [optimist.load_study(study_name=name, storage=storage) for name in names]


def _figures(audit: PruningAudit) -> Record:
    record: Record = {
        ("studies", ""): list(audit.study_names),
        ("n_complete", ""): audit.n_complete,
        ("n_pruned", ""): audit.n_pruned,
        ("n_condemned", ""): audit.n_condemned,
        ("n_controls", ""): audit.n_controls,
    }
    for name, cost in (("steps", audit.steps), ("seconds", audit.seconds)):
        record |= _cost_record(name, cost)
    return record | _share_record("wrong", audit.wrong) | _share_record("would_win", audit.would_win)


def _cost_record(name: str, cost: Cost) -> Record:
    return {
        (f"{name}_spent", ""): cost.spent,
        (f"{name}_saved", ""): cost.saved,
        (f"{name}_spent_on_controls", ""): cost.spent_on_controls,
    }


def _share_record(name: str, share: Share) -> Record:
    low, high = share.interval
    return {
        (f"n_{name}", ""): share.n_hits,
        (f"n_{name}_of", ""): share.n,
        (name, ""): share.estimate,
        (f"{name}_low", ""): low,
        (f"{name}_high", ""): high,
    }


def _range_record(found: ValueRange) -> Record:
    return {
        ("condition", ""): found.condition,
        ("n_condemned", ""): found.n_condemned,
        **_share_record("wrong", found.wrong),
        ("p_value", ""): found.p_value,
    }


def _plain(record: Record) -> dict[str, object]:
    return {name: value for (name, _), value in record.items()}


def _range_row(found: ValueRange) -> Record:
    """The same for a table."""
    low, high = found.wrong.interval
    estimate = found.wrong.estimate
    return {
        ("condemned with", ""): found.condition,
        ("trials", ""): found.n_condemned,
        ("let go on", ""): found.wrong.n,
        ("wrongly", ""): found.wrong.n_hits,
        ("share", ""): "unknown" if estimate is None else f"{estimate:.0%}",
        ("95% interval", ""): f"{low:.0%} to {high:.0%}",
        ("p", ""): float(f"{found.p_value:.2g}"),
    }


def _score_record(score: PrunerScore) -> Record:
    return {
        ("pruner", ""): score.code,
        ("orders", ""): score.n_orders,
        ("steps", ""): round(score.steps, 3),
        ("regret", ""): float(f"{score.regret:.3g}"),
        ("regret_90", ""): float(f"{score.regret_90:.3g}"),
        ("leads_stopped", ""): round(score.leads_stopped, 3),
        ("stopped", ""): round(score.stopped, 3),
    }
