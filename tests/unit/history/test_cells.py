"""Tried cells: what counts, what does not, and how to draw what is left."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy import stats

import optimist
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.samplers import RandomSampler
from optimist.states import TrialState
from optimist.study import Study

SPACE: dict[str, BaseDistribution] = {"x": IntDistribution(1, 4), "c": CategoricalDistribution(["a", "b", "c"])}


def study_of(*trials: tuple[TrialState, dict[str, Any]], space: dict[str, BaseDistribution] = SPACE) -> Study:
    study = optimist.create_study(sampler=RandomSampler(0))
    for state, params in trials:
        value = 1.0 if state == TrialState.COMPLETE else None
        study.add_trial(
            optimist.trial.create_trial(
                state=state, value=value, params=params, distributions={name: space[name] for name in params}
            )
        )
    return study


COMPLETE, PRUNED, FAIL, RUNNING = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING


def test_all_states_but_failed_count() -> None:
    study = study_of(
        (COMPLETE, {"x": 1, "c": "a"}), (PRUNED, {"x": 2, "c": "a"}), (FAIL, {"x": 3, "c": "a"}),
        (RUNNING, {"x": 4, "c": "a"}), (COMPLETE, {"x": 1, "c": "a"}), (PRUNED, {"x": 3}),
    )  # fmt: skip
    study.enqueue_trial({"x": 1, "c": "b"})
    study.enqueue_trial({"x": 1})
    tried = study.view().tried_cells(SPACE)
    assert tried.n_cells == 12
    assert tried.n_left == 8
    assert tried.mask({"x": [1, 2, 3, 4, 1, 1], "c": [0, 0, 0, 0, 1, 2]}).tolist() == [1, 1, 0, 1, 1, 0]
    assert tried.contains({"x": 4, "c": 0})
    assert not tried.contains({"x": 3, "c": 0})
    assert not tried.contains({"x": 99, "c": 0})


def test_the_trial_that_asks_does_not_count() -> None:
    study = study_of((RUNNING, {"x": 4, "c": "a"}))
    assert study.view(exclude=0).tried_cells(SPACE).n_left == 12


def test_a_running_trial_counts_with_what_the_queue_gave_it() -> None:
    study = study_of()
    study.enqueue_trial({"x": 2, "c": "c"})
    trial = study.ask()
    trial.suggest_int("x", 1, 4)
    tried = study.view().tried_cells(SPACE)
    assert tried.contains({"x": 2, "c": 2})
    study.tell(trial, 1.0)


def test_what_a_sampler_has_proposed_counts_before_it_is_suggested() -> None:
    class Proposer(RandomSampler):
        def uniforms(self, trial: Any) -> None:
            return None

        def relative_space(self, view: Any) -> dict[str, BaseDistribution]:
            return SPACE

        def propose(self, trial: Any, space: Any) -> dict[str, Any]:
            return {"x": 3, "c": 1}

    study = optimist.create_study(sampler=Proposer(0))
    trial = study.ask()
    assert study.view().tried_cells(SPACE).contains({"x": 3, "c": 1})
    trial.suggest_int("x", 1, 2)  # the proposal does not fit what is asked for
    assert study.view().tried_cells(SPACE).n_left in (11, 12)
    assert not study.view().tried_cells(SPACE).contains({"x": 3, "c": 1})


@pytest.mark.parametrize(
    "params", [{"x": 9, "c": "a"}, {"x": 1, "c": "z"}, {"x": "one", "c": "a"}, {"x": None, "c": "a"}]
)
def test_queued_values_outside_the_space_are_no_cell(params: dict[str, Any]) -> None:
    study = study_of()
    study.enqueue_trial(params)
    assert study.view().tried_cells(SPACE).n_left == 12


def test_ranges_that_changed_count_by_value() -> None:
    wider = {"x": IntDistribution(0, 100), "c": SPACE["c"]}
    study = study_of((COMPLETE, {"x": 2, "c": "a"}), (COMPLETE, {"x": 50, "c": "a"}), space=wider)
    assert study.view().tried_cells(SPACE).n_left == 11
    assert study.view().tried_cells(wider).n_left == 303 - 2


def test_a_subspace_is_tried_by_all_that_has_its_parameters() -> None:
    study = study_of((COMPLETE, {"x": 2, "c": "a"}), (COMPLETE, {"x": 2, "c": "b"}))
    assert study.view().tried_cells({"x": SPACE["x"]}).n_left == 3


@pytest.mark.parametrize("n_tried", [0, 1, 5, 9, 11])
def test_draws_are_untried_cells_with_equal_chances(n_tried: int) -> None:
    """Chi-square at 1e-4, five times."""
    cells = [(x, c) for x in range(1, 5) for c in range(3)]
    names = ["a", "b", "c"]
    study = study_of(*((COMPLETE, {"x": x, "c": names[c]}) for x, c in cells[: n_tried - n_tried // 2]))
    for x, c in cells[n_tried - n_tried // 2 : n_tried]:
        study.enqueue_trial({"x": x, "c": names[c]})
    tried = study.view().tried_cells(SPACE)
    assert tried.n_left == 12 - n_tried
    rng = np.random.default_rng(0)
    counts: Counter[tuple[int, int]] = Counter()
    for _ in range(1000):
        row = tried.draw(rng)
        assert row is not None
        counts[row["x"], row["c"]] += 1
    assert set(counts) == set(cells[n_tried:])
    assert len(counts) == 1 or stats.chisquare(list(counts.values())).pvalue > 1e-4


def test_nothing_is_drawn_when_nothing_is_left() -> None:
    study = study_of(*((COMPLETE, {"x": x, "c": c}) for x in range(1, 5) for c in "abc"))
    tried = study.view().tried_cells(SPACE)
    rng = np.random.default_rng(0)
    assert tried.n_left == 0
    assert tried.draw(rng) is None
    assert len(tried.sample(rng, 5)["x"]) == 0


def test_samples_hold_all_that_is_left_or_distinct_cells() -> None:
    study = study_of(*((COMPLETE, {"x": x, "c": "a"}) for x in range(1, 5)))
    tried = study.view().tried_cells(SPACE)
    for size in (8, 9, 1000):
        columns = tried.sample(np.random.default_rng(0), size)
        assert len(set(zip(columns["x"].tolist(), columns["c"].tolist(), strict=True))) == len(columns["x"]) == 8
        assert not tried.mask(columns).any()
    columns = tried.sample(np.random.default_rng(0), 3)
    assert len(set(zip(columns["x"].tolist(), columns["c"].tolist(), strict=True))) == len(columns["x"]) == 3


def test_the_same_generator_draws_the_same() -> None:
    study = study_of(*((COMPLETE, {"x": x, "c": "a"}) for x in range(1, 5)))
    first, second = (study.view().tried_cells(SPACE).sample(np.random.default_rng(5), 4) for _ in range(2))
    assert {name: column.tolist() for name, column in first.items()} == {
        name: column.tolist() for name, column in second.items()
    }


def test_fixed_parameters_leave_a_part_of_the_space() -> None:
    study = study_of((COMPLETE, {"x": 1, "c": "b"}), (COMPLETE, {"x": 1, "c": "a"}), (FAIL, {"x": 2, "c": "b"}))
    tried = study.view().tried_cells(SPACE, fixed={"c": 1})
    assert (tried.n_cells, tried.n_left) == (4, 3)
    columns = tried.sample(np.random.default_rng(0), 10)
    assert sorted(columns["x"].tolist()) == [3, 4]  # what failed comes last
    assert columns["c"].tolist() == [1, 1]
    assert tried.comes_last({"x": 2, "c": 1})
    assert not tried.comes_last({"x": 3, "c": 1})
    assert not tried.contains({"x": 1, "c": 0})  # no cell of this part
    assert study.view().tried_cells(SPACE, fixed={"x": 99}).n_left == 3


def test_cells_that_failed_least_come_first_when_no_others_are_left() -> None:
    study = study_of(*[(FAIL, {"x": x, "c": "b"}) for x in (1, 1, 2, 3, 3, 3, 4, 4, 4, 4)])
    tried = study.view().tried_cells(SPACE, fixed={"c": 1})
    assert tried.sample(np.random.default_rng(0), 10)["x"].tolist() == [2, 1, 3, 4]
    assert not tried.comes_last({"x": 4, "c": 1})


def test_astronomically_large_spaces_cost_nothing() -> None:
    space: dict[str, BaseDistribution] = {f"p{i}": IntDistribution(0, 10**9) for i in range(20)}
    study = optimist.create_study(sampler=RandomSampler(0))
    study.optimize(lambda trial: float(sum(trial.suggest_int(name, 0, 10**9) for name in space)), n_trials=5)
    tried = study.view().tried_cells(space)
    assert tried.n_left == (10**9 + 1) ** 20 - 5
    row = tried.draw(np.random.default_rng(0))
    assert row is not None
    assert not tried.contains(row)


def test_the_cost_of_a_question_does_not_grow() -> None:
    """The last of 20,000 cells is found as fast as the first; a factor of 20 leaves room for a busy machine."""
    n = 20_000
    space: dict[str, BaseDistribution] = {"x": IntDistribution(0, n)}
    study = optimist.create_study(sampler=RandomSampler(0))
    study.add_trials(optimist.trial.create_trial(value=0.0, params={"x": x}, distributions=space) for x in range(n))
    rng = np.random.default_rng(0)
    assert study.view().tried_cells(space).n_left == 1  # catches up
    started = time.process_time()
    for _ in range(100):
        assert study.view().tried_cells(space).draw(rng) == {"x": n}
    assert time.process_time() - started < 0.1


# The space of a study


def test_finite_space_is_that_of_the_complete_trials() -> None:
    study = study_of((PRUNED, {"x": 1}), (FAIL, {}))
    assert study.view().finite_space is None
    study.add_trial(
        optimist.trial.create_trial(
            value=1.0, params={"x": 1, "c": "a"}, distributions={"x": SPACE["x"], "c": SPACE["c"]}
        )
    )
    assert dict(study.view().finite_space or {}) == SPACE


@pytest.mark.parametrize(
    ("state", "params", "space"),
    [
        (COMPLETE, {"x": 1}, SPACE),
        (COMPLETE, {"x": 1, "c": "a"}, {**SPACE, "x": IntDistribution(1, 5)}),
        (PRUNED, {"x": 1, "d": 1}, {**SPACE, "d": IntDistribution(1, 2)}),
        (PRUNED, {"x": 1}, {"x": IntDistribution(1, 5)}),
    ],
)
def test_finite_space_is_none_where_trials_differ(
    state: TrialState, params: dict[str, Any], space: dict[str, BaseDistribution]
) -> None:
    study = study_of((COMPLETE, {"x": 1, "c": "a"}))
    assert study.view().finite_space is not None
    value = 1.0 if state == COMPLETE else None
    study.add_trial(
        optimist.trial.create_trial(
            state=state, value=value, params=params, distributions={name: space[name] for name in params}
        )
    )
    assert study.view().finite_space is None


def test_finite_space_is_none_where_a_parameter_is_continuous() -> None:
    space: dict[str, BaseDistribution] = {"x": FloatDistribution(0, 1)}
    assert study_of((COMPLETE, {"x": 0.5}), space=space).view().finite_space is None
