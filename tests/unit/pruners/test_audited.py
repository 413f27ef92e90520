"""AuditedPruner: who becomes a control, what is noted, and what the audited pruner sees."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest

import optimist
from optimist.distributions import FloatDistribution
from optimist.history.attributes import AUDIT_KEY
from optimist.history.condemned import Condemnation, Shadow
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.pruners import (
    AuditedPruner,
    BasePruner,
    Curve,
    CurvePruner,
    MedianPruner,
    PatientPruner,
    PromotionPruner,
    SuccessiveHalvingPruner,
)
from optimist.pruners.audited import StudyWithoutControls
from optimist.samplers import RandomSampler
from optimist.states import TrialState
from optimist.storages import RetryHeartbeatStaleTrialCallback
from optimist.testing.pruners import decisions, falling_curves, study_with
from optimist.trial import Trial, create_trial


class Always(BasePruner):
    """Condemns everything, and counts."""

    def __init__(self) -> None:
        self.n_asked = 0

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        self.n_asked += 1
        return True


def is_let_go_on(pruner: BasePruner, number: int, name: str = "s") -> bool:
    study = optimist.create_study(study_name=name, pruner=pruner)
    curve = Curve(number, {0: 1.0}, {}, lambda inner: inner.prune(study, create_trial(value=1.0)), name)
    assert isinstance(pruner, AuditedPruner)
    return not pruner.decide(study.view(), curve).stop


def chosen(pruner: BasePruner, n: int = 400, name: str = "s") -> list[int]:
    return [number for number in range(n) if is_let_go_on(pruner, number, name)]


def test_a_share_of_the_condemned_is_let_go_on() -> None:
    assert 25 <= len(chosen(AuditedPruner(Always(), 0.1, seed=3))) <= 55  # 40 expected, standard deviation 6
    assert chosen(AuditedPruner(Always(), 0.0)) == []
    assert len(chosen(AuditedPruner(Always(), 1.0), 50)) == 50


def test_seed_or_name_decide_who() -> None:
    by_seed = chosen(AuditedPruner(Always(), 0.3, seed=1), 60)
    assert chosen(AuditedPruner(Always(), 0.3, seed=1), 60, "another") == by_seed
    assert chosen(AuditedPruner(Always(), 0.3, seed=2), 60) != by_seed
    by_name = chosen(AuditedPruner(Always(), 0.3), 60)
    assert chosen(AuditedPruner(Always(), 0.3), 60) == by_name
    assert chosen(AuditedPruner(Always(), 0.3), 60, "another") != by_name


def test_controls_are_not_those_with_small_parameters() -> None:
    """The draw has nothing to do with those of a sampler of the same seed."""
    study = optimist.create_study(sampler=RandomSampler(seed=0))
    xs = [study.ask({"x": FloatDistribution(0, 1)}).params["x"] for _ in range(400)]
    values = [xs[number] for number in chosen(AuditedPruner(Always(), 0.2, seed=0))]
    assert 0.35 < sum(values) / len(values) < 0.65


def test_a_control_goes_on_without_being_asked_again() -> None:
    inner = Always()
    study = study_with(AuditedPruner(inner, control=1.0), [])
    assert decisions(study, {0: 1.0, 1: 2.0, 2: 3.0}) == [False, False, False]
    assert inner.n_asked == 1


@pytest.mark.parametrize("storage", ["memory", "file"])
@pytest.mark.parametrize("control", [0.0, 1.0])
def test_what_is_noted(control: float, storage: str, tmp_path: Path) -> None:
    where = None if storage == "memory" else str(tmp_path / "study.db")
    study = optimist.create_study(
        direction="maximize", storage=where, pruner=AuditedPruner(MedianPruner(n_startup_trials=1), control)
    )
    for value in (3.0, 2.0):
        trial = study.ask()
        for step in (1, 2):
            trial.report(value - 2 + step, step)
        assert trial.should_prune() == (value == 2.0 and control == 0.0)
        study.tell(trial, value)
    condemned = Condemnation.of(study.trials[1].system_attrs)
    assert condemned is not None
    assert condemned.reason.startswith("The best value so far")
    assert condemned == Condemnation(2, 2.0, 3.0, control == 1.0, "MedianPruner", condemned.reason)
    assert AUDIT_KEY not in study.trials[0].system_attrs


def test_the_first_condemnation_counts() -> None:
    study = study_with(AuditedPruner(Always(), control=0.0), falling_curves(0, 3))
    assert decisions(study, {4: 1.0, 5: math.nan}) == [True, True]
    condemned = Condemnation.of(study.trials[-1].system_attrs)
    assert condemned is not None
    assert condemned.step == 4
    assert condemned.incumbent == min(t.value for t in study.trials[:-1] if t.value is not None)


def test_notes_of_the_audited_pruner_are_kept() -> None:
    study = study_with(AuditedPruner(SuccessiveHalvingPruner(min_resource=1, reduction_factor=2), 1.0), [])
    for value in (0.0, 1.0):
        trial = study.ask()
        trial.report(value, 1)
        assert not trial.should_prune()
        study.tell(trial, value)
    assert [t.system_attrs["completed_rung_0"] for t in study.trials] == [0.0, 1.0]
    assert AUDIT_KEY in study.trials[1].system_attrs


def run(study: optimist.Study, curves: list[dict[int, float]], is_pruned: set[int]) -> dict[int, int]:
    """Run curves one after the other, prune those that are said to be; return where the others were stopped."""
    stopped = {}
    for number, curve in enumerate(curves):
        trial = study.ask({"x": FloatDistribution(0, 1)})
        for step, value in curve.items():
            trial.report(value, step)
            stops = trial.should_prune()
            if stops:
                if number not in is_pruned:
                    stopped[number] = step
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, list(curve.values())[-1])
    return stopped


def test_curve_pruner_decides_as_if_controls_had_been_pruned() -> None:
    curves = falling_curves(3, 14)
    audited = optimist.create_study(
        study_name="a", sampler=RandomSampler(0), pruner=AuditedPruner(CurvePruner(0.2), 0.4, seed=1)
    )
    controls: set[int] = set()
    stopped = run(audited, curves, set())
    for trial in audited.trials:
        condemned = Condemnation.of(trial.system_attrs)
        if condemned is not None and condemned.is_control:
            controls.add(trial.number)
    assert controls
    assert stopped
    twin = optimist.create_study(study_name="b", sampler=RandomSampler(0), pruner=CurvePruner(0.2))
    assert run(twin, curves, controls) == stopped
    assert {n for n in controls if twin.trials[n].state == TrialState.PRUNED} == controls


class LooksAround(BasePruner):
    """Takes down what it can see of a study."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        self.trials = study.get_trials(deepcopy=False)
        self.complete = study.get_trials(states=(TrialState.COMPLETE,))
        self.best = None if not self.complete else study.best_value  # type: ignore[attr-defined]
        self.best_params = None if not self.complete else study.best_params  # type: ignore[attr-defined]
        self.also = (study.trials, study.study_name, study.direction, study.directions, study.user_attrs)  # type: ignore[attr-defined]
        self.n_complete = study.view().count(TrialState.COMPLETE)
        study.set_trial_system_attr(trial.number, "seen", True)
        return trial.last_step == 1


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_pruner_of_a_user_sees_controls_as_pruned(is_nested: bool) -> None:
    inner = LooksAround()
    pruner = AuditedPruner(PatientPruner(inner, patience=0) if is_nested else inner, control=1.0)
    study = optimist.create_study(study_name="s", pruner=pruner)

    def objective(trial: Trial) -> float:
        trial.suggest_float("x", 0, 1)
        for step in range(4):
            trial.report(5.0 + step, step)
            trial.should_prune()
        return -float(trial.number)

    study.add_trial(create_trial(value=3.0, params={"x": 0.5}, distributions={"x": FloatDistribution(0, 1)}))
    study.optimize(objective, n_trials=3)
    assert [t.state.name for t in inner.trials] == ["COMPLETE", "PRUNED", "PRUNED", "RUNNING"]
    assert [t.value for t in inner.trials] == [3.0, 6.0, 6.0, None]
    assert list(inner.trials[1].intermediate_values) == [0, 1]
    assert [t.number for t in inner.complete] == [0]
    assert (inner.best, inner.best_params, inner.n_complete) == (3.0, {"x": 0.5}, 1)
    assert study.best_value == -3.0
    assert "seen" in study.trials[1].system_attrs
    assert inner.also[1:] == ("s", study.direction, study.directions, {})


def test_a_face_can_be_copied() -> None:
    study = optimist.create_study(study_name="copied")
    assert copy.copy(StudyWithoutControls(study)).study_name == "copied"


def test_best_trial_of_nothing_but_controls_is_an_error() -> None:
    class AsksForBest(BasePruner):
        def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
            if trial.number:
                with pytest.raises(ValueError, match="no control"):
                    _ = study.best_trial  # type: ignore[attr-defined]
            return True

    study = study_with(AuditedPruner(AsksForBest(), control=1.0), [])
    for _ in range(2):
        trial = study.ask()
        trial.report(1.0, 0)
        assert not trial.should_prune()
        study.tell(trial, 1.0)


def test_the_retry_of_a_condemned_trial_is_judged_anew() -> None:
    study = study_with(AuditedPruner(Always(), control=1.0), [])
    trial = study.ask()
    trial.report(1.0, 0)
    trial.should_prune()
    study.tell(trial, state=TrialState.FAIL)
    retry = RetryHeartbeatStaleTrialCallback().retry_of(study.trials[0])
    assert retry is not None
    assert AUDIT_KEY not in retry.system_attrs


def test_arguments_are_checked() -> None:
    for control in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="0 <= control <= 1"):
            AuditedPruner(MedianPruner(), control)
    for pruner in (None, MedianPruner, AuditedPruner(MedianPruner())):
        with pytest.raises(TypeError, match="not audited yet"):
            AuditedPruner(pruner)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="only put off"):
        AuditedPruner(PromotionPruner(max_resource=9))


def test_named_metrics_of_a_control_are_cut_as_well() -> None:
    inner = LooksAround()
    study = optimist.create_study(pruner=AuditedPruner(inner, control=1.0))
    for _ in range(2):
        trial = study.ask()
        for step in range(4):
            trial.report({"loss": 1.0, "seconds": float(step)}, step)
            trial.should_prune()
        study.tell(trial, 1.0)
    assert list(inner.trials[0].intermediate_metrics) == [0, 1]
    view = study.view()
    shown = view.tracker(Shadow, Shadow).view(view)
    assert [shown.metric_curve(0, name)[0].tolist() for name in ("loss", "seconds")] == [[0, 1], [0, 1]]
