"""Every pruner of `optimist.pruners` keeps the contract."""

from __future__ import annotations

import inspect

import pytest

import optimist.pruners
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.pruners import (
    AuditedPruner,
    BasePruner,
    CurvePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    PromotionPruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)
from optimist.states import StudyDirection, TrialState
from optimist.testing import PrunerSuite


class TestNopPruner(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return NopPruner()


class TestMedianPruner(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return MedianPruner(n_startup_trials=3)


class TestMedianPrunerWithIntervals(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return MedianPruner(n_startup_trials=0, n_warmup_steps=2, interval_steps=3, n_min_trials=4)


class TestPercentilePruner(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return PercentilePruner(25.0)


class TestPatientPruner(PrunerSuite):
    compares = False

    def make_pruner(self) -> BasePruner:
        return PatientPruner(None, patience=2, min_delta=0.01)


class TestPatientPrunerAroundMedian(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return PatientPruner(MedianPruner(n_startup_trials=1), patience=1)


class TestCurvePruner(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return CurvePruner()


class TestThresholdPruner(PrunerSuite):
    compares = False
    keeps_best = False

    def make_pruner(self) -> BasePruner:
        return ThresholdPruner(lower=-0.5, upper=0.8, n_warmup_steps=1, interval_steps=2)

    def make_mirrored(self) -> BasePruner:
        return ThresholdPruner(lower=-0.8, upper=0.5, n_warmup_steps=1, interval_steps=2)


class TestSuccessiveHalvingPruner(PrunerSuite):
    records = True

    def make_pruner(self) -> BasePruner:
        return SuccessiveHalvingPruner()


class TestSuccessiveHalvingPrunerWithResource(PrunerSuite):
    compares = False  # NaN at a rung is enough to be stopped
    records = True

    def make_pruner(self) -> BasePruner:
        return SuccessiveHalvingPruner(min_resource=1, reduction_factor=2, min_early_stopping_rate=1)


class TestSuccessiveHalvingPrunerWithBootstrap(PrunerSuite):
    compares = False
    keeps_best = False
    records = True

    def make_pruner(self) -> BasePruner:
        return SuccessiveHalvingPruner(min_resource=2, reduction_factor=2, bootstrap_count=1)


class TestPatientPrunerAroundSuccessiveHalving(PrunerSuite):
    records = True

    def make_pruner(self) -> BasePruner:
        return PatientPruner(SuccessiveHalvingPruner(), patience=1)


class TestHyperbandPruner(PrunerSuite):
    records = True

    def make_pruner(self) -> BasePruner:
        return HyperbandPruner()


class TestHyperbandPrunerWithResources(PrunerSuite):
    compares = False
    records = True

    def make_pruner(self) -> BasePruner:
        return HyperbandPruner(min_resource=2, max_resource=20, reduction_factor=2)


class TestPromotionPruner(PrunerSuite):
    compares = False
    keeps_best = False
    records = True

    def make_pruner(self) -> BasePruner:
        return PromotionPruner(9, min_resource=2)


@pytest.mark.filterwarnings("ignore:WilcoxonPruner:UserWarning")
class TestWilcoxonPruner(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return WilcoxonPruner()


@pytest.mark.filterwarnings("ignore:WilcoxonPruner:UserWarning")
class TestWilcoxonPrunerThatIsSure(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return WilcoxonPruner(p_threshold=0.01, n_startup_steps=5)


class WorseThanAnyPruner(BasePruner):
    """Written with the public names alone, the way a user of Optuna would."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        step = trial.last_step
        if step is None:
            return False
        maximize = study.direction == StudyDirection.MAXIMIZE
        value = trial.intermediate_values[step]
        others = [
            other.intermediate_values[step]
            for other in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if step in other.intermediate_values
        ]
        return bool(others) and (value < min(others) if maximize else value > max(others))


class TestPrunerOfAUser(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return WorseThanAnyPruner()


class TestPatientPrunerAroundPrunerOfAUser(PrunerSuite):
    def make_pruner(self) -> BasePruner:
        return PatientPruner(WorseThanAnyPruner(), patience=0)


class TestAuditedMedianPruner(PrunerSuite):
    records = True

    def make_pruner(self) -> BasePruner:
        return AuditedPruner(MedianPruner(n_startup_trials=3), control=0.5)


class TestAuditedHyperbandPruner(PrunerSuite):
    records = True

    def make_pruner(self) -> BasePruner:
        return AuditedPruner(HyperbandPruner(), control=0.0)


class TestAuditedPrunerOfAUser(PrunerSuite):
    records = True

    def make_pruner(self) -> BasePruner:
        return AuditedPruner(PatientPruner(WorseThanAnyPruner(), patience=0), seed=1)


def test_no_pruner_was_forgotten() -> None:
    suites = [c for c in globals().values() if inspect.isclass(c) and issubclass(c, PrunerSuite) and c != PrunerSuite]
    tested = {type(suite().make_pruner()) for suite in suites}
    public = [getattr(optimist.pruners, name) for name in dir(optimist.pruners)]
    pruners = {c for c in public if inspect.isclass(c) and issubclass(c, BasePruner) and not inspect.isabstract(c)}
    assert pruners <= tested
