"""The command that tries a script's objective before the search begins."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import optimist
from optimist.cli.command import Command
from optimist.cli.settings import Settings, shared_options
from optimist.exceptions import CLIUsageError

if TYPE_CHECKING:
    from optimist.analysis import ObjectiveCheck


@click.command(
    "check",
    cls=Command,
    example="optimist check train.py --data digits\noptimist check --n-trials 100 --workers 4 train.py",
    context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True},
)
@click.argument("script", type=click.Path(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--objective", metavar="NAME", help="The function to check, where the script calls no optimize().")
@click.option("--n-trials", type=click.IntRange(min=1), help="How many trials are planned; else what the script says.")
@click.option("--workers", "-n", type=int, help="By how many processes; else what the script says.")
@click.option(
    "--max-seconds", type=float, default=30.0, show_default=True, help="No run but the first one begins later."
)
@click.option("--format", "-f", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@shared_options
@click.pass_obj
def check(
    settings: Settings,
    script: str,
    arguments: tuple[str, ...],
    objective: str | None,
    n_trials: int | None,
    workers: int | None,
    max_seconds: float,
    form: str,
) -> int:
    """Try a script's objective, and say what to change before the search begins.

    The script runs until it calls optimize(), with its studies in memory: its storage stays as it is. Then its objective
    is run a few times, with the study and the pruner of the script. Options stand before the script, what follows it is
    the script's own.

    Exit code: 0, or 1 if the search cannot work so.
    """
    del settings
    found = check_script(Path(script), arguments, objective, n_trials, workers, max_seconds)
    click.echo(json.dumps(_record(found)) if form == "json" else str(found))
    return int(any(finding.severity == "problem" for finding in found.findings))


def check_script(
    script: Path,
    arguments: tuple[str, ...],
    name: str | None,
    n_trials: int | None,
    workers: int | None,
    max_seconds: float,
) -> ObjectiveCheck:
    """Run a script until it calls ``optimize``, or to its end, and check its objective."""
    from optimist.study.dry_run import ScriptTaken, dry_run  # the engine, for which help shall not wait

    found: list[ObjectiveCheck] = []

    def take(study: Any, func: Any, n_planned: int | None, n_processes: int | None) -> None:
        found.append(study.check(func, n_trials or n_planned, workers=workers or n_processes, max_seconds=max_seconds))

    path, argv = list(sys.path), sys.argv
    sys.path.insert(0, str(script.resolve().parent))
    sys.argv = [str(script), *arguments]
    try:
        with dry_run(take):
            defined = runpy.run_path(str(script), run_name="__main__")
        if name is None and "objective" not in defined:
            raise CLIUsageError(
                f"{script} calls no optimize() and has no function named objective; name the one to check: --objective NAME."
            )
        if not callable(defined.get(name or "objective")):
            raise CLIUsageError(f"{script} has no function named {name or 'objective'!r}.")
        take(
            optimist.create_study(storage=optimist.storages.InMemoryStorage()), defined[name or "objective"], None, None
        )
    except ScriptTaken:
        pass
    except SystemExit as end:
        raise CLIUsageError(f"{script} ended with exit code {end.code} before it called optimize().") from end
    finally:
        sys.path[:], sys.argv = path, argv
    return found[0]


def _record(found: ObjectiveCheck) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "findings": [
            {"severity": f.severity, "code": f.code, "parameter": f.parameter or None, "text": f.text}
            for f in found.findings
        ],
        "effects": dict(found.effects),
        "n_runs": found.n_runs,
        "seconds": found.seconds,
        "expected_seconds": found.expected_seconds,
        "peak_bytes": found.peak_bytes,
    }
