"""The statistics that are kept, each on a few trials whose answer can be seen."""

from __future__ import annotations

import math

import pytest

from optimist.distributions import FloatDistribution, IntDistribution
from optimist.history.trackers import (
    Front,
    LayoutFilter,
    Lead,
    Leader,
    SharedSpace,
    StepValues,
    TopRows,
    is_feasible,
    loss,
    minus_last_step,
    rank_key,
    violation,
)
from optimist.states import StudyDirection
from tests.unit.history.small_histories import COMPLETE, FAIL, MAXIMIZE, MINIMIZE, PRUNED, RUNNING, X, add, history_of

NAN, INF = math.nan, math.inf


# Constraints


def test_violation_is_the_sum_of_what_is_violated() -> None:
    history = history_of()
    add(history, 0.0, constraints={"a": 2.0, "b": -5.0, "c": 0.5})
    add(history, 0.0, constraints={"a": 0.0, "b": -1.0})
    add(history, 0.0)
    add(history, 0.0, constraints={"c": INF})
    assert [violation(history, row, 4) for row in range(4)] == [2.5, 0.0, INF, INF]
    assert [is_feasible(history, row) for row in range(4)] == [False, True, True, False]


def test_nothing_is_violated_before_the_first_constraint() -> None:
    history = history_of()
    add(history, 0.0)
    add(history, 0.0, constraints={"a": 1.0})
    assert [violation(history, 0, n) for n in (1, 2)] == [0.0, INF]
    assert [rank_key(history, 0, n) for n in (1, 2)] == [(0, 0.0, 0.0), (3, INF, 0.0)]


# The order of trials


@pytest.mark.parametrize("direction", [MINIMIZE, MAXIMIZE])
def test_rank_key(direction: StudyDirection) -> None:
    sign = 1 if direction == MINIMIZE else -1
    history = history_of(direction)
    ranked = [  # best first
        add(history, -INF * sign),
        add(history, 1.0 * sign),
        add(history, 2.0 * sign, reports={9: -5.0 * sign}),
        add(history, INF * sign),
        add(history, state=PRUNED, reports={7: 3.0 * sign, 2: 0.0}),
        add(history, state=PRUNED, reports={7: 4.0 * sign}),
        add(history, state=PRUNED, reports={0: 0.0, 7: NAN}),
        add(history, -9.0 * sign, state=PRUNED, reports={6: -9.0 * sign}),
        add(history, state=PRUNED),
        add(history, -9.0 * sign, constraints={"a": 0.5}),
        add(history, state=PRUNED, reports={9: 0.0}, constraints={"a": 0.7}),
    ]
    for number in ranked[:-2]:  # in a study with constraints, all that report one and keep it stay in this order
        again = history.trial(number)
        ranked[number] = add(
            history,
            None if again.values is None else tuple(again.values),
            state=again.state,
            reports=again.intermediate_values,
            constraints={"a": -1.0},
        )
    silent, failed = add(history, -9.0 * sign), add(history, state=FAIL)
    keys = [rank_key(history, row, history.n) for row in (*ranked, silent)]
    assert keys == sorted(keys, key=lambda key: key or ())
    assert len(set(keys)) == len(keys)
    assert rank_key(history, failed, history.n) is None


def test_the_first_among_equals() -> None:
    history = history_of()
    for value in (1.0, 0.0, 1.0, 0.0):
        add(history, value)
    assert TopRows(frozenset()).best(history, 4, 3) == [1, 3, 0]


def test_top_rows_hold_the_parameters() -> None:
    history = history_of()
    for value, params in ((3.0, "xy"), (2.0, "x"), (1.0, "y"), (0.0, "yx"), (-1.0, "")):
        add(history, value, params=params)
    assert TopRows(frozenset("x")).best(history, 5, 9) == [3, 1, 0]
    assert TopRows(frozenset("xy")).best(history, 5, 9) == [3, 0]
    assert TopRows(frozenset()).best(history, 5, 2) == [4, 3]
    assert TopRows(frozenset("z")).best(history, 5, 9) == []
    assert [TopRows(frozenset(names)).count(history, 5) for names in ("x", "xy", "", "z")] == [3, 2, 5, 0]


def test_failed_trials_have_no_place() -> None:
    history = history_of()
    add(history, state=FAIL)
    add(history, state=PRUNED)
    add(history, state=RUNNING)
    top = TopRows(frozenset())
    assert (top.best(history, 2, 9), top.count(history, 2)) == ([1], 1)


def test_asking_for_more_than_is_kept() -> None:
    history = history_of()
    top = TopRows(frozenset())
    order = [(row * 37) % 211 for row in range(211)]
    for row, value in enumerate(order):
        add(history, float(value))
        assert len(top.best(history, row + 1, 5)) == min(5, row + 1)
    by_value = sorted(range(211), key=order.__getitem__)
    for m in (1, 64, 65, 100, 210, 211, 500):
        assert top.best(history, 211, m) == by_value[:m]


def test_top_rows_of_earlier_views() -> None:
    history = history_of()
    top = TopRows(frozenset())
    n_rows = 200
    for row in range(n_rows):
        add(history, float(n_rows - row))  # each is better than all before
    assert top.best(history, n_rows, 2) == [199, 198]
    for n in (0, 1, 10, 150):
        assert top.best(history, n, 3) == [*range(n - 1, max(n - 4, -1), -1)]
        assert top.count(history, n) == n


def test_the_first_constraint_changes_every_place() -> None:
    history = history_of()
    top = TopRows(frozenset())
    add(history, 1.0)
    add(history, 2.0)
    assert top.best(history, 2, 9) == [0, 1]
    add(history, 3.0, constraints={"a": -1.0})
    assert top.best(history, 3, 9) == [2, 0, 1]
    assert top.best(history, 2, 9) == [0, 1]  # a view taken before
    add(history, 0.0, constraints={"b": 5.0})  # a new constraint says nothing of trials that reported another
    assert top.best(history, 4, 9) == [2, 3, 0, 1]


# Which trials hold which parameters


def test_layout_filter_follows_the_layouts() -> None:
    history = history_of()
    layouts = LayoutFilter(frozenset("x"))
    layouts.advance(history, 0)
    assert list(layouts.mask) == [0]  # the root
    add(history, 0.0, params="yx")
    layouts.advance(history, 1)
    assert list(layouts.mask) == [0, 0, 1]
    add(history, 0.0, params="x")
    layouts.advance(history, 2)
    layouts.advance(history, 1)
    assert list(layouts.mask) == [0, 0, 1, 1]


def test_shared_space() -> None:
    wide, n = FloatDistribution(0.0, 2.0), IntDistribution(0, 9)
    history = history_of()
    space, with_pruned = SharedSpace(include_pruned=False), SharedSpace(include_pruned=True)
    assert dict(space.at(history, 0)) == {}
    add(history, state=PRUNED, params={"x": (X, 0.5)})
    add(history, state=FAIL, params={})
    add(history, 0.0, params={"y": (X, 0.5), "x": (X, 0.5), "n": (n, 1)})
    assert list(space.at(history, 3).items()) == [("n", n), ("x", X), ("y", X)]  # by name
    assert list(with_pruned.at(history, 3).items()) == [("x", X)]
    same = space.at(history, 3)
    add(history, 0.0, params={"x": (X, 0.1), "y": (X, 0.1), "n": (n, 1), "z": (X, 0.1)})
    assert space.at(history, 4) is same
    add(history, 0.0, params={"x": (wide, 0.5), "n": (n, 1)})
    add(history, 0.0, params={"x": (X, 0.5), "n": (n, 1)})
    assert dict(space.at(history, 6)) == {"n": n}  # a range that changed is out for good
    assert dict(with_pruned.at(history, 6)) == {}
    assert [len(space.at(history, row)) for row in range(7)] == [0, 0, 0, 3, 3, 1, 1]
    assert [len(with_pruned.at(history, row)) for row in range(7)] == [0, 1, 1, 1, 1, 0, 0]


# The front


def test_front_of_two_objectives() -> None:
    history = history_of(MINIMIZE, MAXIMIZE)
    front = Front()
    fronts = []
    for values in ((2.0, 2.0), (1.0, 1.0), (3.0, 1.0), (2.0, 2.0), (1.0, 2.0), (-INF, INF)):
        add(history, values)
        fronts.append(front.at(history, history.n))
    assert fronts == [[0], [0, 1], [0, 1], [0, 1, 3], [4], [5]]  # equal ones stand side by side
    assert [front.at(history, n) for n in range(1, 7)] == fronts
    assert front.at(history, 0) == []


def test_front_of_one_objective_is_the_best() -> None:
    history = history_of(MAXIMIZE)
    for value in (1.0, 3.0, 2.0, 3.0):
        add(history, value)
    assert Front().at(history, 4) == [1, 3]


def test_front_holds_complete_feasible_trials_only() -> None:
    history = history_of(MINIMIZE, MINIMIZE)
    add(history, (0.0, 0.0), constraints={"a": 0.1})
    add(history, (0.0, 0.0), state=PRUNED)
    add(history, state=FAIL)
    add(history, (5.0, 5.0), constraints={"a": 0.0})
    assert Front().at(history, 4) == [3]
    add(history, (4.0, 4.0))
    assert Front().at(history, 5) == [4]  # one that reported no constraint violates none, as for the best trial


# Steps


def test_step_values_of_complete_trials() -> None:
    history = history_of()
    steps = StepValues()
    add(history, 0.0, reports={3: 2.0, 0: 5.0})
    add(history, 0.0, reports={3: 1.0, 0: NAN})
    add(history, state=PRUNED, reports={3: 0.0})
    add(history, state=FAIL, reports={3: 0.0})
    add(history, 0.0)
    add(history, 0.0, reports={3: 1.0})
    add(history, state=RUNNING, reports={3: 0.0})
    at_3, at_0, nowhere = (steps.at(history, 6, step) for step in (3, 0, 7))
    assert (at_3.values.tolist(), at_3.n_nan) == ([1.0, 1.0, 2.0], 0)
    assert (at_0.values.tolist(), at_0.n_nan) == ([5.0], 1)
    assert (nowhere.values.tolist(), nowhere.n_nan) == ([], 0)


def test_step_values_of_earlier_views() -> None:
    history = history_of()
    steps = StepValues()
    for value in (3.0, NAN, 1.0, 3.0, 2.0):
        add(history, 0.0, reports={0: value})
    seen = [steps.at(history, n, 0) for n in (5, 4, 2, 0, 5, 1)]
    assert [step.values.tolist() for step in seen] == [[1, 2, 3, 3], [1, 3, 3], [3], [], [1, 2, 3, 3], [3]]
    assert [step.n_nan for step in seen] == [1, 1, 1, 0, 1, 0]
    add(history, 0.0, reports={0: 0.0})
    assert steps.at(history, 6, 0).values.tolist() == [0.0, 1.0, 2.0, 3.0, 3.0]


def test_the_best_row_is_the_first_of_the_best_feasible_complete_ones() -> None:
    history = history_of(MAXIMIZE)
    assert history.best_row == -1
    add(history, state=FAIL)
    add(history, 9.0, state=PRUNED)
    add(history, 8.0, constraints={"a": 1.0})
    assert history.best_row == -1
    for value, best in ((-INF, 3), (-INF, 3), (1.0, 5), (1.0, 5), (0.0, 5), (2.0, 8)):
        add(history, value, state=COMPLETE)
        assert history.best_row == best


# Leaders


def test_leader_by_loss() -> None:
    history = history_of(MAXIMIZE)
    assert Leader(loss).at(history, 0) is None
    add(history, state=PRUNED, reports={0: 9.0})
    add(history, 1.0)
    add(history, 3.0, constraints={"a": 1.0})
    add(history, 2.0)
    add(history, state=FAIL)
    add(history, 2.0)
    leader = Leader(loss)
    for n in (6, 2, 3, 4, 1, 6):  # earlier views as well
        expected = {1: None, 2: Lead(1, -1.0), 3: Lead(1, -1.0)}.get(n, Lead(3, -2.0))
        assert leader.at(history, n) == expected


def test_a_loss_that_is_infinite_leads_until_another_is_lower() -> None:
    history = history_of()
    add(history, INF)
    add(history, INF)
    add(history, 1.0)
    add(history, -INF)
    leader = Leader(loss)
    assert [leader.at(history, n) for n in range(1, 5)] == [Lead(0, INF), Lead(0, INF), Lead(2, 1.0), Lead(3, -INF)]


def test_leader_by_length() -> None:
    history = history_of()
    add(history, 1.0)
    add(history, 1.0, reports={0: NAN})
    add(history, state=PRUNED, reports={90: 1.0})
    add(history, 1.0, reports={30: 1.0, 7: 1.0})
    add(history, 1.0, reports={30: 1.0})
    leader = Leader(minus_last_step)
    assert [leader.at(history, n) for n in range(1, 6)] == [None, Lead(1, 0), Lead(1, 0), Lead(3, -30), Lead(3, -30)]
