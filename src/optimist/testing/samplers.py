"""The contract of samplers as a suite.

To test a sampler of your own, make a class of this kind in a file that pytest collects::

    from optimist.testing import SamplerSuite

    class TestMySampler(SamplerSuite):
        def make_sampler(self, space, seed):
            return MySampler(seed=seed)

The flags of the class say what the sampler promises; tests of what it does not promise are left out.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import TrialPruned
from optimist.history.records import FrozenTrial, create_trial
from optimist.samplers.base import BaseSampler
from optimist.samplers.partial_fixed import PartialFixedSampler
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState
from optimist.storages.memory import MemoryStore
from optimist.study.catalog import create_study
from optimist.study.live_trial import Trial
from optimist.study.study import Study
from optimist.testing.constrained_sampling import ConstrainedSampling
from optimist.testing.spaces import (
    ALL_SMALL,
    CONDITIONAL,
    CONTINUOUS,
    FINITE,
    HISTORIES,
    INF,
    LARGE,
    NAN,
    SMALL,
    SPACES,
    Space,
    conditional,
    loss,
    loss_in,
    suggest,
)
from optimist.testing.suite import needs

N_TRIALS = 25  # more than the random trials that model-based samplers usually begin with


class SamplerSuite(ConstrainedSampling):
    """What every sampler promises; see the module for how to use it.

    Attributes:
        is_seeded: Another seed gives another study.
        takes_infinite: It also searches ranges without an end of values.
        takes_several_objectives: It searches studies with more than one objective.
        follows_ranges: Its values lie in the range that is asked for, whatever ranges were asked for before.
        fills_queue: It completes trials that were queued with some of their parameters.
        avoids_duplicates: It proposes no point of a finite space twice while others are left.
        ends: It has nothing more to propose when no point is left.
    """

    is_seeded: ClassVar[bool] = True
    takes_infinite: ClassVar[bool] = True
    takes_several_objectives: ClassVar[bool] = True
    follows_ranges: ClassVar[bool] = True
    fills_queue: ClassVar[bool] = True
    avoids_duplicates: ClassVar[bool] = True
    ends: ClassVar[bool] = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        """Make the sampler to test.

        Args:
            space: All parameters that it will be asked for; for samplers that need to be told.
            seed: Fixes its draws.
        """
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Let tests with an argument ``space`` or ``history`` run for each of those in ``spaces``."""
        if "space" in metafunc.fixturenames:
            taken = {name: space for name, space in SPACES.items() if self.takes_infinite or is_finite(space)}
            metafunc.parametrize("space", list(taken.values()), ids=list(taken))
        if "history" in metafunc.fixturenames:
            metafunc.parametrize("history", list(HISTORIES.values()), ids=list(HISTORIES))

    def new_study(self, space: Space, seed: int = 0, **options: Any) -> Study:
        """A study in memory whose sampler is the one to test."""
        return create_study(sampler=self.make_sampler(space, seed), **options)

    # Spaces

    def test_values_lie_in_their_ranges(self, space: Space) -> None:
        study = self.new_study(space)
        study.optimize(loss_in(space), n_trials=N_TRIALS)
        check_trials(study, space)
        assert self.ends or len(study.trials) == N_TRIALS

    def test_parameters_may_be_asked_for_in_any_order(self) -> None:
        def shuffled(trial: Trial) -> float:
            names, first = list(FINITE), trial.number % 3
            rotated = names[first:] + names[:first]
            return loss({name: suggest(trial, name, FINITE[name]) for name in rotated}, FINITE)

        study = self.new_study(FINITE)
        study.optimize(shuffled, n_trials=N_TRIALS)
        check_trials(study, FINITE)

    def test_conditional_parameters(self) -> None:
        study = self.new_study(CONDITIONAL)
        study.optimize(conditional, n_trials=N_TRIALS)
        assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}
        for trial in study.trials:
            expected = {"kind", "depth"} if trial.params["kind"] == "tree" else {"kind", "rate", "width"}
            assert set(trial.params) == expected
            assert all(CONDITIONAL[name].contains(value) for name, value in trial.params.items())

    def test_parameters_may_appear_and_disappear(self) -> None:
        names = list(FINITE)

        def moody(trial: Trial) -> float:
            asked = names[: 1 + trial.number % len(names)] if trial.number < 15 else names[trial.number % len(names) :]
            return loss({name: suggest(trial, name, FINITE[name]) for name in asked}, FINITE)

        study = self.new_study(FINITE)
        study.optimize(moody, n_trials=N_TRIALS)
        for trial in study.trials:
            assert all(FINITE[name].contains(value) for name, value in trial.params.items())

    @needs("follows_ranges")
    def test_ranges_may_change_between_trials(self) -> None:
        def moving(trial: Trial) -> float:
            shift, n = trial.number // 4, trial.number
            x = trial.suggest_int("x", shift, shift + 6)
            y = trial.suggest_float("y", 0, 1 + n, step=1.0) if n % 2 else trial.suggest_float("y", 0, 2, step=0.25)
            assert shift <= x <= shift + 6
            assert 0 <= y <= (1 + n if n % 2 else 2)
            return x + y

        study = self.new_study({"x": IntDistribution(0, 12), "y": FloatDistribution(0, 26, step=0.25)})
        study.optimize(moving, n_trials=N_TRIALS)
        assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}

    @needs("follows_ranges")
    def test_a_range_may_depend_on_another_value(self) -> None:
        def dependent(trial: Trial) -> float:
            low = trial.suggest_int("low", 0, 5)
            return low + trial.suggest_int("high", low, 10)

        study = self.new_study({"low": IntDistribution(0, 5), "high": IntDistribution(0, 10)})
        study.optimize(dependent, n_trials=N_TRIALS)
        assert all(0 <= trial.params["low"] <= trial.params["high"] <= 10 for trial in study.trials)

    def test_asking_with_fixed_distributions(self) -> None:
        study = self.new_study(FINITE)
        for _ in range(N_TRIALS):
            trial = study.ask(dict(FINITE))
            study.tell(trial, loss(trial.params, FINITE))
        check_trials(study, FINITE)

    def test_an_objective_without_parameters(self) -> None:
        study = self.new_study({})
        study.optimize(lambda _trial: 1.0, n_trials=3)
        assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}

    # Histories

    def test_any_history_can_be_gone_on_from(self, history: Callable[[], list[FrozenTrial]]) -> None:
        for direction in ("minimize", "maximize"):
            study = self.new_study(FINITE, direction=direction)
            study.add_trials(history())
            n_before = len(study.trials)
            study.optimize(loss_in(FINITE), n_trials=12)
            for trial in study.trials[n_before:]:
                assert all(FINITE[name].contains(value) for name, value in trial.params.items())

    def test_trials_may_fail_be_pruned_and_return_anything(self) -> None:
        values = [1.0, NAN, INF, -INF, 0.0, 1e308, -1e308]

        def unreliable(trial: Trial) -> float:
            loss_in(FINITE)(trial)
            trial.report(values[trial.number % 7], 0)
            if trial.number % 5 == 3:
                raise TrialPruned
            if trial.number % 5 == 4:
                raise ValueError(trial.number)
            return values[trial.number % 7]

        study = self.new_study(FINITE)
        study.optimize(unreliable, n_trials=N_TRIALS, catch=ValueError)
        assert {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL} == {trial.state for trial in study.trials}
        for trial in study.trials:
            assert all(FINITE[name].contains(value) for name, value in trial.params.items())

    def test_all_values_equal(self) -> None:
        study = self.new_study(FINITE)
        study.optimize(lambda trial: 0.0 * loss_in(FINITE)(trial), n_trials=N_TRIALS)
        check_trials(study, FINITE)

    @needs("takes_several_objectives")
    def test_several_objectives(self) -> None:
        def two(trial: Trial) -> tuple[float, float]:
            value = loss_in(FINITE)(trial)
            return value, 1.0 - value if trial.number % 6 else INF

        study = self.new_study(FINITE, directions=["minimize", "maximize"])
        study.optimize(two, n_trials=N_TRIALS)
        check_trials(study, FINITE)
        assert study.best_trials

    def test_constraints(self) -> None:
        def constrained(trial: Trial) -> float:
            value = loss_in(FINITE)(trial)
            if trial.number % 4:
                trial.set_constraint("memory", trial.number % 3 - 1.0)
                trial.set_constraint("time", -1.0)
            return value

        for shift in (0.0, 10.0):  # sometimes feasible; never
            study = self.new_study(FINITE)
            study.add_trial(create_trial(value=0.0, constraints={"memory": shift + 1.0}))
            study.optimize(constrained, n_trials=N_TRIALS)
            assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}

    # Repeatability and workers

    def test_the_same_seed_gives_the_same_study(self) -> None:
        for space in self._spaces():
            first, second = (self.new_study(space, seed=5) for _ in range(2))
            for study in (first, second):
                study.optimize(loss_in(space), n_trials=N_TRIALS)
            assert params_of(first) == params_of(second)

    @needs("is_seeded")
    def test_another_seed_gives_another_study(self) -> None:
        studies = [self.new_study(FINITE, seed) for seed in (1, 2)]
        for study in studies:
            study.optimize(loss_in(FINITE), n_trials=N_TRIALS)
        assert params_of(studies[0]) != params_of(studies[1])

    def test_interrupting_and_resuming_changes_nothing(self) -> None:
        whole, parts = (self.new_study(FINITE, seed=3) for _ in range(2))
        whole.optimize(loss_in(FINITE), n_trials=N_TRIALS)
        for n_trials in (4, 9, N_TRIALS - 13):
            parts.sampler = self.make_sampler(FINITE, seed=3)
            parts.optimize(loss_in(FINITE), n_trials=n_trials)
        assert params_of(whole) == params_of(parts)

    def test_a_pickled_sampler_goes_on_alike(self) -> None:
        plain, travelled = (self.new_study(FINITE, seed=3) for _ in range(2))
        for study in (plain, travelled):
            study.optimize(loss_in(FINITE), n_trials=N_TRIALS // 2)
        travelled = pickle.loads(pickle.dumps(travelled))  # noqa: S301  our own bytes
        for study in (plain, travelled):
            study.optimize(loss_in(FINITE), n_trials=N_TRIALS // 2)
        assert params_of(plain) == params_of(travelled)

    def test_two_workers_with_one_seed_do_not_repeat_each_other(self) -> None:
        space = CONTINUOUS if self.takes_infinite else LARGE
        storage = MemoryStore()
        create_study(study_name="shared", storage=storage)
        workers = [Study("shared", storage, sampler=self.make_sampler(space, seed=1)) for _ in range(2)]
        for _ in range(N_TRIALS // 2):
            trials = [worker.ask(dict(space)) for worker in workers]
            for worker, trial in zip(workers, trials, strict=True):
                worker.tell(trial, loss(trial.params, space))
        params = params_of(workers[0])
        assert len({repr(p) for p in params}) == len(params)

    def test_threads(self) -> None:
        n_running = threading.Semaphore(3)

        def guarded(trial: Trial) -> float:
            assert n_running.acquire(blocking=False)
            try:
                return loss_in(FINITE)(trial)
            finally:
                n_running.release()

        study = self.new_study(FINITE)
        study.optimize(guarded, n_trials=N_TRIALS, n_jobs=3)
        check_trials(study, FINITE)
        assert len(study.trials) == N_TRIALS

    def test_reseeding_does_no_harm(self) -> None:
        study = self.new_study(FINITE)
        study.optimize(loss_in(FINITE), n_trials=3)
        study.sampler.reseed_rng()
        study.optimize(loss_in(FINITE), n_trials=3)
        check_trials(study, FINITE)

    # Finite spaces

    @needs("avoids_duplicates")
    def test_no_point_comes_twice_while_others_are_left(self) -> None:
        for n_jobs in (1, 3):
            study = self.new_study(SMALL)
            study.optimize(loss_in(SMALL), n_trials=12, n_jobs=n_jobs)
            assert len({repr(p) for p in params_of(study)}) == 12
            assert study.exhausted

    @needs("avoids_duplicates")
    def test_points_of_the_queue_and_of_running_trials_do_not_come_again(self) -> None:
        study = self.new_study(SMALL)
        study.optimize(loss_in(SMALL), n_trials=2)
        seen = params_of(study)
        running = [study.ask(dict(SMALL)) for _ in range(3)]
        seen += [trial.params for trial in running]
        queued = next(p for p in ALL_SMALL if p not in seen)
        study.enqueue_trial(queued)
        waiting = study.ask(dict(SMALL))
        assert waiting.params == queued
        for _ in range(6):
            trial = study.ask(dict(SMALL))
            study.tell(trial, loss(trial.params, SMALL))
        assert len({repr(trial.params) for trial in study.trials}) == len(study.trials) == 12

    @needs("ends")
    def test_the_loop_ends_when_nothing_is_left(self) -> None:
        for n_jobs in (1, 3):
            study = self.new_study(SMALL)
            study.optimize(loss_in(SMALL), n_jobs=n_jobs)
            assert len({repr(p) for p in params_of(study)}) == len(study.trials) == 12
            assert not study.sampler.has_more(study.view())

    @needs("ends", False)
    def test_the_loop_goes_on_when_nothing_is_left(self) -> None:
        study = self.new_study(SMALL)
        study.optimize(loss_in(SMALL), n_trials=30)
        assert len(study.trials) == 30
        check_trials(study, SMALL)

    # Who decides

    def test_the_queue_decides_first(self) -> None:
        study = self.new_study(FINITE)
        point = {"x": 4, "y": 0.5, "kind": "c"}
        study.enqueue_trial(point)
        study.optimize(loss_in(FINITE), n_trials=3)
        assert study.trials[0].params == point

    @needs("fills_queue")
    def test_what_the_queue_leaves_open_is_sampled(self) -> None:
        study = self.new_study(FINITE)
        study.optimize(loss_in(FINITE), n_trials=12)
        study.enqueue_trial({"x": 4})
        study.optimize(loss_in(FINITE), n_trials=1)
        check_trials(study, FINITE)
        assert study.trials[-1].params["x"] == 4

    def test_fixed_values_then_defaults_then_the_sampler(self) -> None:
        def recommending(trial: Trial) -> float:
            x = trial.suggest_int("x", 0, 4, default=1)
            y = trial.suggest_float("y", 0, 1, step=0.25, default=0.25)
            kind = suggest(trial, "kind", FINITE["kind"])
            return loss({"x": x, "y": y, "kind": kind}, FINITE)

        sampler = PartialFixedSampler({"x": 3}, self.make_sampler(FINITE, seed=0))
        study = create_study(sampler=sampler)
        study.optimize(recommending, n_trials=N_TRIALS)
        check_trials(study, FINITE)
        assert {trial.params["x"] for trial in study.trials} == {3}
        assert study.trials[0].params["y"] == 0.25
        assert len({trial.params["y"] for trial in study.trials}) > 1

    # By hand, as other samplers use one

    def test_its_hooks_work_when_called_by_hand(self) -> None:
        for space in self._spaces():
            sampler = self.make_sampler(space, seed=0)
            study = create_study(sampler=sampler)
            study.optimize(loss_in(space), n_trials=12)
            for _ in range(3):
                study.ask()
                number = len(study.trials) - 1
                sampler.before_trial(study, study.trials[number])
                frozen = study.trials[number]
                relative = sampler.infer_relative_search_space(study, frozen)
                assert all(space[name] == distribution for name, distribution in relative.items())
                values = sampler.sample_relative(study, frozen, relative)
                assert all(space[name].contains(value) for name, value in values.items())
                for name, distribution in space.items():
                    if not distribution.single():
                        assert distribution.contains(sampler.sample_independent(study, frozen, name, distribution))
                sampler.after_trial(study, frozen, TrialState.FAIL, None)
                study.tell(number, state=TrialState.FAIL)

    def test_it_has_a_name(self) -> None:
        assert str(self.make_sampler(FINITE, seed=0))

    def _spaces(self) -> list[Space]:
        return [FINITE, CONTINUOUS] if self.takes_infinite else [FINITE, LARGE]


def check_trials(study: Study, space: Space) -> None:
    """Each trial is complete, with a value of the right type in the range of each parameter."""
    for trial in study.get_trials(deepcopy=False):
        assert trial.state == TrialState.COMPLETE, trial
        assert trial.params.keys() == space.keys()
        for name, distribution in space.items():
            value = trial.params[name]
            assert distribution.contains(value), f"{name}={value!r} is not in {distribution}."
            if isinstance(distribution, FloatDistribution):
                assert type(value) is float
            elif isinstance(distribution, IntDistribution):
                assert type(value) is int
            elif isinstance(distribution, CategoricalDistribution):
                assert any(value is choice for choice in distribution.choices)


def params_of(study: Study) -> list[dict[str, Any]]:
    """The parameters of all trials."""
    return [trial.params for trial in study.get_trials(deepcopy=False)]


def is_finite(space: Space) -> bool:
    """Whether there is an end of values."""
    return SearchSpace(space).is_finite
