"""PromotionPruner: who is promoted when, worked out by hand; and that a late bloomer is found."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.history.records import create_trial
from optimist.pruners import Curve, PromotionPruner, SuccessiveHalvingPruner, judge
from optimist.samplers import RandomSampler
from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


def study_with(pruner: PromotionPruner, direction: StudyDirection = MINIMIZE, **arguments: Any) -> Study:
    return optimist.create_study(pruner=pruner, direction=direction, sampler=RandomSampler(seed=0), **arguments)


def run(study: Study, value: float) -> tuple[int | None, int | None, str]:
    """Run a trial to the end of its budget; return what it goes on from, its budget, and how it ended."""
    trial = study.ask()
    assert trial.budget is not None
    for step in range(trial.budget):
        trial.report(value, step)
        if trial.should_prune():
            assert step == trial.budget - 1
            ended = study.tell(trial, state=TrialState.PRUNED)
            break
    else:
        ended = study.tell(trial, value)
    assert ended.value == value
    return ended.resumed_from, trial.budget, ended.state.name


def test_budgets() -> None:
    assert PromotionPruner(27).budgets == (1, 3, 9, 27)
    assert PromotionPruner(20, min_resource=2, reduction_factor=4).budgets == (2, 8, 20)
    assert PromotionPruner(5, min_resource=5).budgets == (5,)


@pytest.mark.parametrize("direction", [MINIMIZE, MAXIMIZE])
def test_the_best_third_goes_on(direction: StudyDirection) -> None:
    sign = 1.0 if direction == MINIMIZE else -1.0
    study = study_with(PromotionPruner(9), direction)
    for value in (5.0, 3.0, 4.0):
        assert run(study, sign * value) == (None, 1, "PRUNED")
    assert run(study, sign * 2.9) == (1, 3, "PRUNED")  # one of three deserves it
    for value in (6.0, 7.0, 8.0):
        assert run(study, sign * value) == (None, 1, "PRUNED")
    assert run(study, sign * 3.5) == (2, 3, "PRUNED")  # two of six: the next best, though it once was not good enough
    assert run(study, sign * 1.0) == (None, 1, "PRUNED")
    assert run(study, sign * 0.5) == (8, 3, "PRUNED")  # the best of seven; 2 of them go on
    assert run(study, sign * 0.4) == (9, 9, "COMPLETE")  # one of three that came to the second budget
    assert study.best_trial.number == 10
    assert study.trials[10].resumed_from == 9
    assert study.trials[0].resumed_from is None


def test_a_promotion_has_the_parameters_and_notes_of_the_first() -> None:
    study = study_with(PromotionPruner(4, reduction_factor=2))

    def objective(trial: optimist.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        kind = trial.suggest_categorical("kind", ["a", None])
        if trial.number < 2:
            trial.set_user_attr("note", trial.number)
        return x + (kind is None)

    study.optimize(objective, n_trials=3)
    first, promoted = min(study.trials[:2], key=lambda trial: trial.value or 0.0), study.trials[2]
    assert promoted.resumed_from == first.number
    assert promoted.params == first.params
    assert promoted.distributions == first.distributions
    assert promoted.user_attrs == {"note": first.number}


def test_objectives_that_return_the_value_of_their_budget() -> None:
    study = study_with(PromotionPruner(4, reduction_factor=2))
    budgets = []

    def objective(trial: optimist.Trial) -> float:
        assert trial.budget is not None
        budgets.append(trial.budget)
        return trial.suggest_float("x", 0, 1) / trial.budget

    study.optimize(objective, total_trials=8)
    assert set(budgets) == {1, 2, 4}
    for trial, budget in zip(study.trials, budgets, strict=True):
        assert trial.value == trial.params["x"] / budget
        assert trial.state == (TrialState.COMPLETE if budget == 4 else TrialState.PRUNED)
        assert trial.state == TrialState.COMPLETE or trial.intermediate_values == {budget - 1: trial.value}
    assert sum(trial.resumed_from is None for trial in study.trials) == 8


def test_a_trial_that_ends_before_its_budget_is_complete() -> None:
    study = study_with(PromotionPruner(9, min_resource=3))
    trial = study.ask()
    trial.report(1.0, 0)
    assert not trial.should_prune()
    assert study.tell(trial, 1.0).state == TrialState.COMPLETE
    assert study.tell(study.ask(), 1.0, TrialState.COMPLETE).state == TrialState.COMPLETE  # the user says so


def test_reports_may_jump_over_a_budget() -> None:
    study = study_with(PromotionPruner(27))
    trial = study.ask()
    trial.report(1.0, 4)
    assert trial.should_prune()
    attrs = study.tell(trial, state=TrialState.PRUNED).system_attrs
    assert attrs == {"completed_rung_0": 1.0, "completed_rung_1": 1.0}
    trial = study.ask()
    trial.report(1.0, 30)
    assert not trial.should_prune()
    assert study.tell(trial, 1.0).state == TrialState.COMPLETE


def test_nan_is_stopped_and_never_promoted() -> None:
    study = study_with(PromotionPruner(9, reduction_factor=2))
    for _ in range(4):
        trial = study.ask()
        assert trial.freeze().resumed_from is None
        trial.report(math.nan, 0)
        assert trial.should_prune()
        study.tell(trial, state=TrialState.PRUNED)


@pytest.mark.parametrize("end", [TrialState.FAIL, TrialState.PRUNED])
def test_a_trial_is_promoted_once_whatever_becomes_of_it(end: TrialState) -> None:
    study = study_with(PromotionPruner(9))
    for value in (1.0, 2.0, 3.0):
        run(study, value)
    promotion = study.ask()
    assert promotion.freeze().resumed_from == 0
    assert study.ask().freeze().resumed_from is None  # while it runs
    study.tell(promotion, state=end)
    assert study.ask().freeze().resumed_from is None
    study.void(promotion.number, "wrong data")
    assert study.ask().freeze().resumed_from is None


def test_voided_trials_are_not_promoted() -> None:
    study = study_with(PromotionPruner(9))
    for value in (1.0, 2.0, 3.0, 4.0):
        run(study, value)  # the last one is the promotion of the first
    study.void(3, "wrong data")
    study.void(1, "wrong data")
    for value in (5.0, 6.0, 7.0, 8.0):
        run(study, value)
    assert [trial.resumed_from for trial in study.trials] == [None, None, None, 0, None, None, None, None]
    assert run(study, 0.0)[0] == 2  # two of six


def test_what_others_promoted_is_not_promoted_again(tmp_path: Path) -> None:
    """Another process is faster between the look and the claim."""
    url = f"sqlite:///{tmp_path}/study.db"
    study = study_with(PromotionPruner(9), study_name="s", storage=url)
    for value in (1.0, 2.0, 3.0):
        run(study, value)
    other = optimist.load_study(study_name="s", storage=url, pruner=PromotionPruner(9))
    find = study.promotions._find
    calls = []

    def find_slowly() -> Any:
        found = find()
        if not calls:
            calls.append(other.ask().freeze().resumed_from)
        return found

    study.promotions._find = find_slowly  # type: ignore[method-assign]
    assert study.ask().freeze().resumed_from is None
    assert calls == [0]


def test_budget_of_the_study_counts_new_trials_alone() -> None:
    study = study_with(PromotionPruner(9))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), total_trials=30)
    new = [trial for trial in study.trials if trial.resumed_from is None]
    assert len(new) == 30
    assert len(study.trials) > 40
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=7)
    assert len(study.trials) == len(new) + 7 + sum(t.resumed_from is not None for t in study.trials[:-7])


def test_a_grid_ends_after_its_promotions() -> None:
    grid = optimist.samplers.GridSampler({"x": list(range(9))})
    study = optimist.create_study(sampler=grid, pruner=PromotionPruner(9))
    study.optimize(lambda trial: float(trial.suggest_int("x", 0, 8)))
    assert sum(trial.resumed_from is None for trial in study.trials) == 9
    assert study.best_value == 0.0
    assert study.best_trial.system_attrs["optimist:rung"] == 2


def objective_of_curves(seen: list[tuple[int, int]]) -> Any:
    """Losses by kind of trial: fast ones stay where they are, slow ones begin higher and end lower, duds are bad."""

    def objective(trial: optimist.Trial) -> float:
        kind = trial.suggest_categorical("kind", ["fast", "slow", "dud"])
        start = 0
        if trial.resume_from is not None:
            start = int((trial.resume_from / "step").read_text())
        loss = math.nan
        for step in range(start, trial.budget or 9):
            loss = {"fast": 0.5, "slow": 0.7 - 0.12 * step, "dud": 0.9}[kind] + trial.number / 1e4
            trial.report(loss, step)
            seen.append((trial.number, step))
            (trial.checkpoint_dir / "step").write_text(str(step + 1))
            if trial.should_prune():
                raise optimist.TrialPruned
        return loss

    return objective


def test_promotion_finds_the_slow_starter_that_killing_loses(tmp_path: Path) -> None:
    """It comes early, when it looks bad beside a few fast ones; beside all that come later, it was good."""
    best, n_steps = {}, {}
    for pruner in (SuccessiveHalvingPruner(1, 3), PromotionPruner(9)):
        study = optimist.create_study(storage=f"sqlite:///{tmp_path}/{type(pruner).__name__}.db", pruner=pruner)
        seen: list[tuple[int, int]] = []
        for kind in ["fast", "fast", "slow", *["dud"] * 12]:
            study.enqueue_trial({"kind": kind})
        study.optimize(objective_of_curves(seen), total_trials=15)
        best[type(pruner).__name__] = study.best_trial.params["kind"]
        n_steps[type(pruner).__name__] = len(seen)
        if isinstance(pruner, PromotionPruner):  # it went on from its checkpoints: each step once
            line = [study.best_trial.number]
            while (first := study.trials[line[-1]].resumed_from) is not None:
                line.append(first)
            assert [step for number, step in seen if number in line] == list(range(9))
            assert line[-1] == 2
    assert best == {"SuccessiveHalvingPruner": "fast", "PromotionPruner": "slow"}
    assert n_steps["PromotionPruner"] < 15 * 9 / 2


def test_without_a_checkpoint_a_promotion_begins_anew() -> None:
    study = study_with(PromotionPruner(9))
    starts = []

    def objective(trial: optimist.Trial) -> float:
        assert trial.resume_from is None
        x = trial.suggest_float("x", 0, 1)
        for step in range(trial.budget or 0):
            starts.append(step)
            trial.report(x, step)
            if trial.should_prune():
                raise optimist.TrialPruned
        return x

    study.optimize(objective, total_trials=9)
    assert starts.count(0) == len(study.trials)


def test_retry_of_a_lost_promotion_goes_on_from_the_same_checkpoints(tmp_path: Path) -> None:
    study = study_with(PromotionPruner(9), storage=str(tmp_path / "study.db"))
    for value in (1.0, 2.0, 3.0):
        trial = study.ask()
        (trial.checkpoint_dir / "value").write_text(str(value))
        study.tell(trial, value)
    promotion = study.ask()
    assert promotion.resume_from is not None
    assert study.lost_trials.give_up(promotion.number)
    study.add_trial(_retry(study.trials[promotion.number]))
    retry = study.ask()
    assert (retry.budget, retry.freeze().resumed_from) == (3, 0)
    assert retry.resume_from == promotion.resume_from
    (retry.checkpoint_dir / "value").write_text("later")
    for value in (4.0, 4.0, 4.0, 4.0):
        study.tell(study.ask(), value)
    study.tell(retry, 0.5)
    study.add_trials(
        create_trial(state=TrialState.PRUNED, value=9.0, system_attrs={"completed_rung_1": 9.0}) for _ in range(4)
    )
    second = study.ask()
    assert second.freeze().system_attrs["optimist:resumed_from"] == [0, promotion.number, retry.number]
    assert second.resume_from is not None
    assert (second.resume_from / "value").read_text() == "later"


def _retry(lost: optimist.trial.FrozenTrial) -> optimist.trial.FrozenTrial:
    retry = optimist.storages.RetryHeartbeatStaleTrialCallback().retry_of(lost)
    assert retry is not None
    return retry


def test_other_trials_have_no_budget() -> None:
    assert optimist.create_study().ask().budget is None
    assert optimist.trial.FixedTrial({}).budget is None
    assert create_trial(value=1.0).budget is None


def test_the_reason_is_a_sentence() -> None:
    study = study_with(PromotionPruner(9, min_resource=2))
    verdict = judge(study.pruner, study.view(), Curve(0, {0: 1.0, 1: 0.5}))
    assert verdict.stop
    assert verdict.reason == "Its budget of 2 steps is used; it goes on if it is among the best."


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="does not go with PromotionPruner"):
        study_with(PromotionPruner(9)).optimize(lambda trial: 1.0, n_trials=1, deterministic=True)
    several = optimist.create_study(directions=["minimize"] * 2, pruner=PromotionPruner(9))
    trial = several.ask()
    trial.report({"a": 1.0, "b": 1.0}, 0)
    with pytest.raises(NotImplementedError, match="PromotionPruner cannot judge several"):
        trial.should_prune()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"max_resource": 0}, ValueError, "max_resource >= 1"),
        ({"max_resource": 2, "min_resource": 3}, ValueError, "max_resource >= 3"),
        ({"max_resource": 9, "min_resource": 0}, ValueError, "min_resource >= 1"),
        ({"max_resource": 9, "reduction_factor": 1}, ValueError, "reduction_factor >= 2"),
        ({"max_resource": "auto"}, TypeError, "integer as max_resource, but got 'auto'"),
        ({"max_resource": 9.5}, TypeError, "integer as max_resource"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        PromotionPruner(**arguments)


def test_a_pruner_against_snapshots_decides_the_same() -> None:
    study = study_with(PromotionPruner(9))
    trial = study.ask()
    trial.report(1.0, 0)
    assert study.pruner.prune(study, trial.freeze())
    assert trial.freeze().system_attrs == {"completed_rung_0": 1.0}
