"""Confirm: measure the best trials of a search again, in a study of their own, so that its history stays as it was.

The runs stand in the queue of that study, a seed after the other, each with the number of the trial that it confirms and
its seed as user attributes. What an interrupted confirmation left is gone on with; what it finished is not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from optimist.analysis.confirmation import Confirmation, ConfirmedTrial
from optimist.history.records import FrozenTrial
from optimist.states import StudyDirection, TrialState
from optimist.study.findings import Findings

SEED_KEY: Final = "seed"
"""User attribute of a confirming run: the seed that the objective shall take."""

CONFIRMS_KEY: Final = "confirms"
"""User attribute of a confirming run: the number of the trial that it measures again."""

Run = tuple[int, int]  # number of the trial, seed


class RunsStudy(Protocol):
    """What is needed of the study of the runs."""

    study_name: str

    def get_trials(self, deepcopy: bool = True) -> list[FrozenTrial]: ...
    def enqueue_trial(self, params: dict[str, Any], user_attrs: dict[str, Any] | None = None) -> None: ...


def read_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Understand ``seeds``: a number n stands for 1 to n. The search itself is left the seed 0.

    Raises:
        ValueError: There are none, or one comes twice.
    """
    found = tuple(range(1, seeds + 1)) if isinstance(seeds, int) else tuple(seeds)
    if not found or len(set(found)) < len(found):
        raise ValueError(f"confirm(seeds=...) takes a number of at least 1, or different seeds, but got {seeds!r}.")
    return found


def contenders(search: Findings, k: int) -> list[FrozenTrial]:
    """The ``k`` best feasible complete trials with different parameters, and the trial of the defaults.

    Raises:
        ValueError: ``k`` is below 1, or no feasible trial is complete.
    """
    if k < 1:
        raise ValueError(f"confirm(k=...) takes a number of trials of at least 1, but got {k!r}.")
    search.ledger.sync()
    view, history = search.view(), search.ledger.history
    found: list[FrozenTrial] = []
    n_asked = k
    while True:
        rows = [row for row in view.best_rows([], n_asked) if (view.rank_key(row) or (9,))[0] == 0]
        found = []
        for row in rows:
            trial = history.trial(int(view.numbers[row]))
            if all(trial.params != other.params for other in found):
                found.append(trial)
        if len(found) >= k or len(rows) < n_asked:  # else some were alike
            break
        n_asked *= 2
    if not found:
        raise ValueError("There is nothing to confirm: no feasible trial is complete. Call optimize() first.")
    found = found[:k]
    default = search.default_trial
    if default is not None and all(trial.params != default.params for trial in found):
        found.append(default)
    return found


def confirm(
    search: Findings, runs: RunsStudy, trials: list[FrozenTrial], seeds: tuple[int, ...], run: Callable[[int], None]
) -> Confirmation:
    """Run what is missing, and say what came of it.

    Args:
        search: The study whose trials are confirmed.
        runs: The study that holds the runs.
        trials: What to confirm, with different parameters.
        seeds: What to measure each with.
        run: Runs so many trials of ``runs``.
    """
    params = {trial.number: trial.params for trial in trials}
    wanted = [(trial.number, seed) for seed in seeds for trial in trials]
    held = _runs_by_key(runs, params)
    done = {key for key, trial in held.items() if trial.state == TrialState.COMPLETE}
    for number, seed in wanted:
        if (number, seed) not in done and not _waits(held.get((number, seed))):
            runs.enqueue_trial(params[number], {CONFIRMS_KEY: number, SEED_KEY: seed})
    n_waiting = sum(trial.state == TrialState.WAITING for trial in runs.get_trials(deepcopy=False))
    if n_waiting:
        run(n_waiting)
    held = _runs_by_key(runs, params)
    default = search.default_trial
    found = []
    for trial in trials:
        results = [held.get((trial.number, seed)) for seed in seeds]
        values = tuple(r.values[0] for r in results if r is not None and r.state == TrialState.COMPLETE and r.values)
        is_default = default is not None and trial.params == default.params
        searched = trial.value if trial.state == TrialState.COMPLETE else None
        found.append(ConfirmedTrial(trial.number, is_default, trial.params, searched, values, len(seeds) - len(values)))
    is_maximized = search.direction == StudyDirection.MAXIMIZE
    sign = -1.0 if is_maximized else 1.0
    found.sort(key=lambda t: (t.n_failed, sign * t.mean if t.values else 0.0, not t.is_default, t.number))
    return Confirmation(
        search.study_name,
        runs.study_name,
        is_maximized,
        seeds,
        tuple(found),
        sum(key in done for key in wanted),
    )


def _waits(trial: FrozenTrial | None) -> bool:
    return trial is not None and trial.state in (TrialState.WAITING, TrialState.RUNNING)


def _runs_by_key(runs: RunsStudy, params: dict[int, dict[str, Any]]) -> dict[Run, FrozenTrial]:
    """The latest run of each trial and seed that does not count as failed; of a study of a few dozen trials."""
    found: dict[Run, FrozenTrial] = {}
    for trial in runs.get_trials(deepcopy=False):
        number, seed = trial.user_attrs.get(CONFIRMS_KEY), trial.user_attrs.get(SEED_KEY)
        if number not in params or seed is None or trial.void_reason is not None:
            continue
        if trial.state == TrialState.COMPLETE and any(
            trial.params.get(name) != value for name, value in params[number].items()
        ):
            continue  # of an earlier study of this name
        found[number, seed] = trial
    return found
