"""The contract of pruners as a suite.

To test a pruner of your own, make a class of this kind in a file that pytest collects::

    from optimist.testing import PrunerSuite

    class TestMyPruner(PrunerSuite):
        def make_pruner(self):
            return MyPruner(patience=3)

The flags of the class say what the pruner promises; tests of what it does not promise are left out.
"""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from optimist.history.records import FrozenTrial, create_trial
from optimist.pruners.base import BasePruner, ColumnPruner, Curve, internal_params, judge
from optimist.samplers.random import RandomSampler
from optimist.states import StudyDirection, TrialState
from optimist.storages.face import InMemoryStorage
from optimist.study.catalog import create_study
from optimist.study.live_trial import Trial
from optimist.study.study import Study
from optimist.testing.suite import Suite, needs

Reports = dict[int, float]
"""Intermediate value by step, in order of reporting."""

_N_SEEDS = 8


class PrunerSuite(Suite):
    """What every pruner promises; see the module for how to use it.

    Attributes:
        compares: It judges by other trials, so it stops nothing in a study without any.
        keeps_best: It does not stop a trial that is better than all complete ones at every step, and improves.
        records: It keeps notes with the trial that it judges. Without, asking changes nothing, and the order in which
            values were reported does not matter.
    """

    compares: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = True
    records: ClassVar[bool] = False

    def make_pruner(self) -> BasePruner:
        """Make the pruner to test."""
        raise NotImplementedError

    def make_mirrored(self) -> BasePruner:
        """Make the pruner that does the same where every value has the opposite sign and is to be maximized."""
        return self.make_pruner()

    def test_trial_without_reports_goes_on(self) -> None:
        for n_others in (0, 10):
            study = study_with(self.make_pruner(), some_curves(0, n_others))
            assert not study.ask().should_prune()

    def test_first_report_is_judged_whatever_its_step(self) -> None:
        for step in (0, 1, 5, 1000):
            study = study_with(self.make_pruner(), some_curves(0, 10))
            assert decisions(study, {step: 1.0}) in ([True], [False])

    @needs("compares")
    def test_nothing_is_stopped_without_other_trials(self) -> None:
        for candidate in some_curves(1, 20):
            study = study_with(self.make_pruner(), [])
            assert not any(decisions(study, candidate)), f"It stopped the first trial of a study: {candidate}"

    @needs("keeps_best")
    def test_the_best_trial_goes_on(self) -> None:
        others = [{step: value + 1 for step, value in curve.items()} for curve in falling_curves(2, 12)]
        study = study_with(self.make_pruner(), others)
        assert not any(decisions(study, {step: 0.5 - step / 1000 for step in range(20)}))

    def test_both_directions_agree(self) -> None:
        for seed in range(_N_SEEDS):
            others, candidate = some_curves(seed, 12), some_curves(seed + 100, 1)[0]
            minimized = study_with(self.make_pruner(), others, StudyDirection.MINIMIZE)
            maximized = study_with(self.make_mirrored(), [mirrored(curve) for curve in others], StudyDirection.MAXIMIZE)
            assert decisions(minimized, candidate) == decisions(maximized, mirrored(candidate)), seed

    def test_nan_and_infinities_are_judged(self) -> None:
        others = [
            *falling_curves(3, 8),
            dict.fromkeys(range(20), math.nan),
            dict.fromkeys(range(20), math.inf),
            dict.fromkeys(range(20), -math.inf),
        ]
        for value in (math.nan, math.inf, -math.inf):
            for n_others in (0, len(others)):
                study = study_with(self.make_pruner(), others[:n_others])
                decided = decisions(study, {0: value, 1: value, 2: 0.5, 3: value})
                assert all(isinstance(stop, bool) for stop in decided)

    def test_equal_histories_give_equal_decisions(self) -> None:
        for seed in range(_N_SEEDS):
            others, candidate = some_curves(seed, 12), some_curves(seed + 100, 1)[0]
            first, second = (decisions(study_with(self.make_pruner(), others), candidate) for _ in range(2))
            assert first == second

    @needs("records", False)
    def test_order_of_reports_does_not_matter(self) -> None:
        for seed in range(_N_SEEDS):
            others, candidate = some_curves(seed, 12), some_curves(seed + 100, 1)[0]
            sorted_candidate = dict(sorted(candidate.items()))
            backwards = dict(sorted(candidate.items(), reverse=True))
            study = study_with(self.make_pruner(), others)
            final = [decisions(study, reports)[-1] for reports in (candidate, sorted_candidate)]
            trial = study.ask()
            for step, value in backwards.items():
                trial.report(value, step)
            final.append(trial.should_prune())
            assert len(set(final)) == 1, f"{final} for {candidate}"

    def test_second_report_of_a_step_changes_nothing(self) -> None:
        for seed in range(_N_SEEDS):
            others, candidate = some_curves(seed, 12), some_curves(seed + 100, 1)[0]
            once = decisions(study_with(self.make_pruner(), others), candidate)
            study = study_with(self.make_pruner(), others)
            trial = study.ask()
            twice = []
            for step, value in candidate.items():
                trial.report(value, step)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    trial.report(value + 1000.0, step)
                twice.append(trial.should_prune())
            assert once == twice

    def test_other_trials_stay_as_they_were(self) -> None:
        study = study_with(self.make_pruner(), some_curves(4, 12))
        study.ask().report(1.0, 0)
        study.add_trial(create_trial(state=TrialState.RUNNING, intermediate_values={0: 0.1, 1: 0.1}))
        others = repr(study.get_trials())
        decisions(study, {step: float(step) for step in range(10)})
        assert repr(study.get_trials()[:-1]) == others  # as text, because NaN is not equal to itself

    @needs("records", False)
    def test_asking_changes_nothing(self) -> None:
        study = study_with(self.make_pruner(), some_curves(5, 12))
        trial = study.ask()
        for step, value in some_curves(105, 1)[0].items():
            trial.report(value, step)
            before = repr(study.get_trials())
            first = trial.should_prune()
            assert trial.should_prune() == first
            assert repr(study.get_trials()) == before

    def test_prune_decides_as_the_study_does(self) -> None:
        for seed in range(_N_SEEDS):
            others, candidate = some_curves(seed, 12), some_curves(seed + 100, 1)[0]
            by_study = decisions(study_with(self.make_pruner(), others), candidate)
            by_prune = decisions(study_with(self.make_pruner(), others), candidate, prune_frozen)
            by_verdict = decisions(study_with(self.make_pruner(), others), candidate, decide)
            assert by_study == by_prune == by_verdict

    def test_pickled_pruner_decides_alike(self) -> None:
        others, candidate = some_curves(6, 12), some_curves(106, 1)[0]
        pruner = self.make_pruner()
        travelled = pickle.loads(pickle.dumps(pruner))  # noqa: S301  our own bytes
        assert decisions(study_with(pruner, others), candidate) == decisions(study_with(travelled, others), candidate)


# Studies to judge


def study_with(pruner: BasePruner, curves: list[Reports], direction: StudyDirection = StudyDirection.MINIMIZE) -> Study:
    """A study in memory with complete trials of these curves; always of the same name, which decisions may depend on."""
    study = create_study(
        storage=InMemoryStorage(),
        study_name="judged",
        direction=direction,
        pruner=pruner,
        sampler=RandomSampler(seed=0),
    )
    study.add_trials(complete_trial(curve) for curve in curves)
    return study


def complete_trial(curve: Reports) -> FrozenTrial:
    """A complete trial whose value is the last number that it reported."""
    numbers = [value for value in curve.values() if value == value]
    return create_trial(value=numbers[-1] if numbers else 0.0, intermediate_values=curve)


def should_prune(_study: Study, trial: Trial) -> bool:
    """Ask as an objective does."""
    return trial.should_prune()


def prune_frozen(study: Study, trial: Trial) -> bool:
    """Ask as those do who hold a pruner and a snapshot."""
    return study.pruner.prune(study, study.get_trials()[trial.number])


def decide(study: Study, trial: Trial) -> bool:
    """Ask for the verdict, and keep its record as a study does."""
    frozen = study.get_trials()[trial.number]
    curve = Curve(
        frozen.number,
        frozen.intermediate_values,
        frozen.system_attrs,
        lambda pruner: pruner.prune(study, study.get_trials()[trial.number]),
        study.study_name,
        lambda: internal_params(frozen),
    )
    verdict = judge(study.pruner, study.view(trial.number), curve)
    if isinstance(study.pruner, ColumnPruner) and verdict.stop:
        assert verdict.reason.endswith("."), "A verdict that stops a trial says why, in a sentence."
    for key, note in verdict.record.items():
        study.set_trial_system_attr(trial.number, key, note)
    return verdict.stop


def decisions(study: Study, candidate: Reports, ask: Callable[[Study, Trial], bool] = should_prune) -> list[bool]:
    """What the study's pruner says after each report of a new trial, which goes on whatever it says."""
    trial = study.ask()
    decided = []
    for step, value in candidate.items():
        trial.report(value, step)
        decided.append(ask(study, trial))
    return decided


# Curves


def falling_curves(seed: int, n: int) -> list[Reports]:
    """Learning curves of 20 steps that fall towards a level between 0 and 1, with a little noise."""
    rng = np.random.default_rng(seed)
    curves = []
    for _ in range(n):
        level, speed = rng.uniform(0, 1), rng.uniform(0.05, 1)
        noise = rng.uniform(0, 0.05, size=20)
        curves.append({step: float(level + math.exp(-speed * step) + noise[step]) for step in range(20)})
    return curves


def some_curves(seed: int, n: int) -> list[Reports]:
    """Curves of several shapes: complete, with gaps, in odd order, with NaN, flat, rising, short, without reports."""
    rng = np.random.default_rng([seed, 1])
    curves = []
    for curve in falling_curves(seed, n):
        shape = rng.integers(8)
        steps = list(curve)
        if shape == 1:
            steps = [step for step in steps if rng.random() < 0.5] or [0]
        elif shape == 2:
            steps = [int(step) for step in rng.permutation(20)]
        elif shape == 3:
            curve = {step: math.nan if rng.random() < 0.4 else value for step, value in curve.items()}
        elif shape == 4:
            curve = dict.fromkeys(steps, round(curve[0]))
        elif shape == 5:
            curve = {step: 2.0 - value for step, value in curve.items()}
        elif shape == 6:
            steps = steps[: int(rng.integers(1, 6))]
        curves.append({step: float(curve[step]) for step in steps})
    return curves


def mirrored(curve: Reports) -> Reports:
    """The curve with every value's sign turned."""
    return {step: -value for step, value in curve.items()}
