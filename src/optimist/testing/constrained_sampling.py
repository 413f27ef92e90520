"""The part of the samplers' contract that speaks of parameter constraints: no proposal breaks one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from optimist.exceptions import ForbiddenParametersError
from optimist.samplers.base import BaseSampler
from optimist.samplers.partial_fixed import PartialFixedSampler
from optimist.states import TrialState
from optimist.study.catalog import create_study
from optimist.study.live_trial import Trial
from optimist.study.study import Study
from optimist.testing.spaces import (
    ALL_SMALL,
    CONDITIONAL,
    CONTINUOUS,
    FINITE,
    SMALL,
    Space,
    conditional,
    loss_in,
    position,
    suggest,
)
from optimist.testing.suite import Suite, needs, raises

_N_TRIALS = 20

Params = Mapping[str, Any]


class ConstrainedSampling(Suite):
    """What every sampler promises of a study with a parameter constraint; part of ``SamplerSuite``."""

    takes_infinite: ClassVar[bool] = True
    avoids_duplicates: ClassVar[bool] = True
    ends: ClassVar[bool] = False

    def make_sampler(self, space: Space, seed: int) -> BaseSampler:
        """See ``SamplerSuite``."""
        raise NotImplementedError

    def _constrained(self, space: Space, allows: Callable[[Params], bool], seed: int = 0) -> Study:
        return create_study(sampler=self.make_sampler(space, seed), parameter_constraint=allows)

    def test_no_proposal_breaks_a_parameter_constraint(self) -> None:
        for space in [FINITE, CONTINUOUS] if self.takes_infinite else [FINITE]:
            allows = _middling(space)
            study = self._constrained(space, allows)
            study.optimize(_checked(space, allows), n_trials=_N_TRIALS)
            complete = [trial.params for trial in study.trials if trial.state == TrialState.COMPLETE]
            assert all(map(allows, complete))
            assert len(complete) > _N_TRIALS // 2

    def test_nor_one_that_allows_next_to_nothing(self) -> None:
        def allows(params: Params) -> bool:
            return bool(abs(params["x"] - 3) < 1 and params["y"] in (0.25, 0.5))

        study = self._constrained(FINITE, allows)
        study.optimize(_checked(FINITE, allows), n_trials=_N_TRIALS)
        assert {trial.params["x"] for trial in study.trials if trial.state == TrialState.COMPLETE} == {3}

    def test_nor_one_that_speaks_of_conditional_parameters(self) -> None:
        def allows(params: Params) -> bool:
            return bool(params["depth"] % 3 == 1 if params["kind"] == "tree" else params["rate"] * params["width"] <= 8)

        study = self._constrained(CONDITIONAL, allows)
        study.optimize(conditional, n_trials=_N_TRIALS)
        complete = [trial.params for trial in study.trials if trial.state == TrialState.COMPLETE]
        assert all(map(allows, complete))
        assert len(complete) > _N_TRIALS // 2

    def test_the_same_seed_gives_the_same_constrained_study(self) -> None:
        space = CONTINUOUS if self.takes_infinite else FINITE
        studies = [self._constrained(space, _middling(space), seed=3) for _ in range(2)]
        for study in studies:
            study.optimize(loss_in(space), n_trials=_N_TRIALS)
        assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]

    def test_threads_keep_to_the_constraint(self) -> None:
        study = self._constrained(FINITE, _middling(FINITE))
        study.optimize(_checked(FINITE, _middling(FINITE)), n_trials=_N_TRIALS, n_jobs=3)
        assert any(trial.state == TrialState.COMPLETE for trial in study.trials)

    @needs("avoids_duplicates")
    def test_forbidden_points_do_not_count_as_left(self) -> None:
        allowed = [params for params in ALL_SMALL if _is_small_enough(params)]
        study = self._constrained(SMALL, _is_small_enough)
        study.optimize(_checked(SMALL, _is_small_enough), n_trials=len(allowed))
        while len(complete := [t.params for t in study.trials if t.state == TrialState.COMPLETE]) < len(allowed):
            study.optimize(_checked(SMALL, _is_small_enough), n_trials=1)  # in place of a dead end
        assert len({repr(params) for params in complete}) == len(allowed)
        assert study.exhausted

    @needs("ends")
    def test_the_loop_ends_when_nothing_allowed_is_left(self) -> None:
        study = self._constrained(SMALL, _is_small_enough)
        study.optimize(_checked(SMALL, _is_small_enough))
        complete = [repr(t.params) for t in study.trials if t.state == TrialState.COMPLETE]
        assert len(complete) == len(set(complete)) == sum(map(_is_small_enough, ALL_SMALL))

    def test_what_is_queued_or_fixed_is_refused_if_it_is_forbidden(self) -> None:
        study = self._constrained(FINITE, lambda params: params["x"] != 2)
        with raises(ForbiddenParametersError, "forbids"):
            study.enqueue_trial({"x": 2})
        assert not study.trials
        study.sampler = PartialFixedSampler({"x": 2}, self.make_sampler(FINITE, 0))
        with raises(ForbiddenParametersError, "'x' is from the sampler's fixed values"):
            study.ask(dict(FINITE))
        assert study.trials[-1].state == TrialState.FAIL


def _middling(space: Space) -> Callable[[Params], bool]:
    """A constraint that ties all parameters of a space together, and forbids a good part of it."""

    def allows(params: Params) -> bool:
        return 0.25 <= sum(position(params[name], space[name]) for name in space) / len(space) <= 0.5

    return allows


def _is_small_enough(params: Params) -> bool:
    return bool(params["x"] <= {"a": 4, "b": 2, "c": 1}[params["kind"]])


def _checked(space: Space, allows: Callable[[Params], bool]) -> Callable[[Trial], float]:
    """The objective of a space, which is never called with what is forbidden."""

    def objective(trial: Trial) -> float:
        for name, distribution in space.items():
            suggest(trial, name, distribution)
        assert allows(trial.params), trial.params
        return loss_in(space)(trial)

    return objective
