"""The suite of pruners finds what is wrong with a pruner."""

from __future__ import annotations

import functools
import random

import pytest

from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.pruners import BasePruner, ColumnPruner, Curve, MedianPruner, Verdict
from optimist.states import TrialState
from optimist.testing import PrunerSuite


class Hasty(ColumnPruner):
    """Stops everything, even a trial without reports."""

    def decide(self, view: View, trial: Curve) -> Verdict:
        return Verdict(True, "Enough.")


class Silent(MedianPruner):
    """Gives no reason."""

    def decide(self, view: View, trial: Curve) -> Verdict:
        return Verdict(super().decide(view, trial).stop)


class Partial(ColumnPruner):
    """Thinks that small is good, whatever the direction."""

    def decide(self, view: View, trial: Curve) -> Verdict:
        return Verdict(view.count(TrialState.COMPLETE) > 0 and trial.best(maximize=False) > 0.7, "Too large.")


class Random(ColumnPruner):
    """Throws dice."""

    def decide(self, view: View, trial: Curve) -> Verdict:
        is_fit = view.count(TrialState.COMPLETE) > 0 and trial.last_step > 0
        return Verdict(is_fit and random.random() < 0.5, "Bad luck.")


class LastReported(ColumnPruner):
    """Looks at the value that was reported last, not at that of the last step."""

    def decide(self, view: View, trial: Curve) -> Verdict:
        values = [value for value in trial.reports.values() if value == value]
        return Verdict(view.n > 0 and len(values) > 1 and abs(values[-1]) > abs(values[0]), "It grew.")


class Scribbler(MedianPruner):
    """Keeps notes although it does not say so."""

    def decide(self, view: View, trial: Curve) -> Verdict:
        verdict = super().decide(view, trial)
        return Verdict(verdict.stop, verdict.reason, {"seen": trial.last_step})


class Meddler(BasePruner):
    """Writes to trials that it was not asked about."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        for other in study.get_trials(states=(TrialState.RUNNING,)):
            study.set_trial_system_attr(other.number, "seen", trial.number)
        return False


class TwoMinds(MedianPruner):
    """Decides otherwise where only a snapshot is at hand."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        return False


class Rooted(MedianPruner):
    """Cannot travel to another process."""

    def __init__(self) -> None:
        super().__init__()
        self.callback = lambda: None


class Careless(BasePruner):
    """Forgets that a trial may have no reports."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        return max(trial.intermediate_values) > 10**6


def names_of(suite: type[PrunerSuite]) -> set[str]:
    return {name for name in dir(suite) if name.startswith("test_") and getattr(suite, name) is not None}


@functools.cache
def failures_of(pruner: type[BasePruner]) -> set[str]:
    """The tests that fail."""

    class Tested(PrunerSuite):
        def make_pruner(self) -> BasePruner:
            return pruner()

    failed = set()
    for name in names_of(Tested):
        try:
            getattr(Tested(), name)()
        except Exception:  # noqa: BLE001  whatever shows that the test failed
            failed.add(name)
    return failed


@pytest.mark.parametrize(
    ("pruner", "test"),
    [
        (Hasty, "test_trial_without_reports_goes_on"),
        (Hasty, "test_nothing_is_stopped_without_other_trials"),
        (Hasty, "test_the_best_trial_goes_on"),
        (Silent, "test_prune_decides_as_the_study_does"),
        (Partial, "test_both_directions_agree"),
        (Random, "test_equal_histories_give_equal_decisions"),
        (LastReported, "test_order_of_reports_does_not_matter"),
        (Scribbler, "test_asking_changes_nothing"),
        (Meddler, "test_other_trials_stay_as_they_were"),
        (TwoMinds, "test_prune_decides_as_the_study_does"),
        (Rooted, "test_pickled_pruner_decides_alike"),
        (Careless, "test_trial_without_reports_goes_on"),
    ],
)
def test_what_is_wrong_is_found(pruner: type[BasePruner], test: str) -> None:
    assert test in failures_of(pruner)


def test_a_good_pruner_passes() -> None:
    assert failures_of(MedianPruner) == set()


def test_flags_leave_tests_out() -> None:
    class Keeps(PrunerSuite):
        records = True
        compares = False

    class KeepsNot(Keeps):
        records = False

    nothing_noted, nothing_alone = "test_asking_changes_nothing", "test_nothing_is_stopped_without_other_trials"
    assert not {nothing_noted, nothing_alone} & names_of(Keeps)
    assert {nothing_noted, "test_the_best_trial_goes_on"} <= names_of(KeepsNot)
    assert nothing_alone not in names_of(KeepsNot)
