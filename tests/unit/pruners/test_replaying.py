"""Replays agree with studies that are really run, and count rightly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import optimist
from optimist.distributions import CategoricalDistribution, FloatDistribution
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.pruners import (
    BasePruner,
    CurvePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    Recording,
    SuccessiveHalvingPruner,
    random_orders,
    replay,
)
from optimist.states import StudyDirection, TrialState

SPACE = {"lr": FloatDistribution(1e-4, 1.0, log=True), "kind": CategoricalDistribution(("a", "b"))}


class WorseThanBest(BasePruner):
    """By public names alone."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        others = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        step = trial.last_step
        assert step is not None
        study.set_trial_system_attr(trial.number, "judged", step)
        best = max((t.intermediate_values[step] for t in others), default=-np.inf)
        return trial.intermediate_values[step] < best - 0.5


def recorded(n: int = 16, n_steps: int = 9, seed: int = 0) -> Recording:
    rng = np.random.default_rng(seed)
    levels, speeds = rng.uniform(0, 1, n), rng.uniform(0.1, 1, n)
    curves = levels[:, None] * (1 - np.exp(-speeds[:, None] * np.arange(1, n_steps + 1)))
    curves += 0.02 * rng.normal(size=curves.shape)
    params = [{"lr": float(speed), "kind": "ab"[i % 2], "unused": 1} for i, speed in enumerate(speeds)]
    return Recording.of_arrays(curves, curves[:, -1] + 0.01, "maximize", params, SPACE)


def really_run(recording: Recording, order: list[int], pruner: BasePruner, name: str) -> tuple[list[int], list[bool]]:
    study = optimist.create_study(direction="maximize", study_name=name, pruner=pruner)
    for position in order:
        run = recording.runs[position]
        values = dict(zip(run.distributions, run.params, strict=True))
        external = {key: run.distributions[key].to_external_repr(value) for key, value in values.items()}
        study.enqueue_trial(external)
        trial = study.ask(SPACE)
        for step, value in run.reports.items():
            trial.report(value, step)
            if trial.should_prune():
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, run.final)
    trials = study.get_trials(deepcopy=False)
    return [len(t.intermediate_values) for t in trials], [t.state == TrialState.PRUNED for t in trials]


@pytest.mark.parametrize(
    "make_pruner",
    [
        lambda: MedianPruner(n_startup_trials=2),
        lambda: SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
        HyperbandPruner,
        lambda: PatientPruner(MedianPruner(n_startup_trials=1), patience=0),
        CurvePruner,
        WorseThanBest,
    ],
)
def test_a_replay_is_what_a_study_would_have_done(make_pruner: Callable[[], BasePruner]) -> None:
    recording = recorded()
    orders = random_orders(len(recording), n_orders=2, n_trials=12, seed=1)
    outcome = replay(recording, make_pruner, orders)
    for i, order in enumerate(orders.tolist()):
        n_steps, is_stopped = really_run(recording, order, make_pruner(), f"replay-{i}")
        assert outcome.n_steps[i].tolist() == n_steps
        assert outcome.is_stopped[i].tolist() == is_stopped


def test_without_pruning_all_steps_are_made_and_nothing_is_lost() -> None:
    recording = recorded()
    outcome = replay(recording, NopPruner, random_orders(len(recording), 3))
    assert outcome.step_shares.tolist() == [1.0, 1.0, 1.0]
    assert outcome.regrets.tolist() == [0.0, 0.0, 0.0]
    assert outcome.n_stopped == outcome.n_leads_stopped == 0
    assert outcome.seconds_per_decision > 0


class StopsAtStep(BasePruner):
    """Stops trials that report a given value."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        return 9.0 in trial.intermediate_values.values()


def test_counts_by_hand() -> None:
    curves = [[1.0, 5.0], [2.0, 4.0], [9.0, 1.0], [3.0, 6.0], [3.0, 3.0]]
    recording = Recording.of_arrays(curves, direction=StudyDirection.MINIMIZE, steps=[10, 20])
    outcome = replay(recording, StopsAtStep, [[0, 1, 2, 3, 4], [2, 0, 1, 3, 4]])
    assert outcome.is_stopped.tolist() == [[False, False, True, False, False], [True, False, False, False, False]]
    assert outcome.n_steps.tolist() == [[2, 2, 1, 2, 2], [1, 2, 2, 2, 2]]
    assert outcome.step_shares.tolist() == [0.9, 0.9]
    # The stopped run would have ended at 1; the best of the others at 3.
    assert outcome.regrets.tolist() == [2.0, 2.0]
    assert outcome.would_lead.tolist() == [[False, True, True, False, True], [False, False, True, False, True]]
    assert (outcome.n_leads, outcome.n_leads_stopped, outcome.n_stopped) == (5, 1, 2)


def test_regret_is_infinite_if_nothing_is_complete() -> None:
    recording = Recording.of_arrays([[9.0], [9.0]])
    assert replay(recording, StopsAtStep, [[0, 1]]).regrets.tolist() == [np.inf]


def test_orders_have_no_repetition_and_follow_the_seed() -> None:
    orders = random_orders(10, n_orders=5, n_trials=7, seed=3)
    assert orders.shape == (5, 7)
    assert all(len(set(order)) == 7 for order in orders.tolist())
    assert (orders == random_orders(10, 5, 7, seed=3)).all()
    with pytest.raises(ValueError, match="1 to 10"):
        random_orders(10, 5, 11)


def test_a_recording_of_a_study_holds_its_complete_trials() -> None:
    study = optimist.create_study(pruner=NopPruner())

    def objective(trial: optimist.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        if trial.number != 3:
            trial.report(x + 1, 5)
            trial.report(x, 7)
        if trial.number == 4:
            raise optimist.TrialPruned
        if trial.number == 5:
            trial.set_constraint("c", 1.0)
        return x

    study.optimize(objective, n_trials=8)
    recording = Recording.of_view(study.view())
    kept = [0, 1, 2, 6, 7]
    assert [run.final for run in recording.runs] == [study.trials[i].value for i in kept]
    assert [dict(run.reports) for run in recording.runs] == [study.trials[i].intermediate_values for i in kept]
    assert [run.params for run in recording.runs] == [(study.trials[i].params["x"],) for i in kept]
    assert recording.lengths.tolist() == [2] * 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"curves": [1.0, 2.0]}, "shape"),
        ({"curves": [[1.0], [2.0]], "finals": [1.0]}, "one final value for each run, 2 in all"),
        ({"curves": [[1.0], [2.0]], "finals": [1.0, np.nan]}, "run 1 is NaN"),
        ({"curves": [[1.0], [2.0]], "steps": [1, 2]}, "one step for each column"),
        ({"curves": [[1.0], [2.0]], "params": [{}]}, "one mapping of parameters"),
    ],
)
def test_arguments_that_do_not_fit_are_named(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Recording.of_arrays(**arguments)  # type: ignore[arg-type]
