"""Views: what they show, and that nothing that happens later changes it."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest

from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.attributes import FIXED_PARAMS_KEY
from optimist.history.draft import StudyChange, TrialChange
from optimist.history.history import History
from optimist.history.trackers import loss
from optimist.history.view import View
from optimist.search_space.space import SearchSpace
from optimist.states import TrialState
from tests.unit.history.small_histories import (
    COMPLETE,
    FAIL,
    MAXIMIZE,
    MINIMIZE,
    PRUNED,
    RUNNING,
    WAITING,
    X,
    add,
    history_of,
)

NAN = math.nan


def all_that_a_view_says(view: View) -> str:
    """As text, because NaN is not equal to itself."""
    names = [name for name in ("x", "y") if view.n and view.holds([name], view.numbers * 0 + range(view.n)).all()]
    return repr(
        (
            (view.n, view.n_trials, view.directions, view.n_objectives, view.system_attrs),
            [view.count(state) for state in TrialState],
            [column.tolist() for column in (view.numbers, view.states, view.layout_indices, view.values, view.losses)],
            [view.column(name).tolist() for name in names],
            [(key, view.constraint(key).tolist()) for key in view.constraint_keys],
            [(view.row_attrs(row), [a.tolist() for a in view.curve(row)]) for row in range(view.n)],
            [(view.rank_key(row), view.violation(row)) for row in range(view.n)],
            [(view.n_ranked(names), view.best_rows(names, m)) for names in ([], ["x"]) for m in (1, 100)],
            view.front_rows(),
            view.leader(loss),
            [(view.step_values(step), view.step_percentile(step, 50)) for step in range(3)],
            [view.shared_space(include_pruned) for include_pruned in (False, True)],
            view.open_trials,
            view.running,
        )
    )


def test_a_view_never_changes() -> None:
    history = history_of()
    taken = []
    for round_ in range(80):  # more than the columns' first capacity
        taken.append((view := View(history), all_that_a_view_says(view)))
        add(history, 1.0 / (round_ + 1), params="x" if round_ % 7 else "xy", reports={0: -round_, round_ % 3: NAN})
        running = add(history, state=RUNNING, params="x", reports={0: 1.0})
        taken.append((view := View(history), all_that_a_view_says(view)))
        history.drafts[running].reports[1] = 2.0
        history.drafts[running].system_attrs["note"] = round_
        constraints = {"a": round_ - 3.0} if round_ > 20 else {}
        history.apply(
            [
                TrialChange(number=running, params=[("y", X, 0.1)], state=PRUNED, values=(5.0,)),
                StudyChange(system_attrs={"round": round_}),
            ]
        )
        add(history, 0.5, params="yx", constraints=constraints)
        add(history, state=FAIL)
    for view, said in taken:
        assert all_that_a_view_says(view) == said


def test_columns_in_order_of_finishing() -> None:
    history = history_of(MAXIMIZE)
    first = add(history, state=RUNNING, params={"x": (X, 0.25)}, reports={4: 1.0, 2: NAN})
    second = add(history, 2.0, params={"x": (X, 0.75)})
    history.apply([TrialChange(number=first, state=FAIL, completed_us=9)])
    view = View(history)
    assert view.numbers.tolist() == [second, first]
    assert view.states.tolist() == [COMPLETE, FAIL]
    assert view.column("x").tolist() == [0.75, 0.25]
    assert repr(view.values.tolist()) == "[[2.0], [nan]]"
    assert repr(view.losses.tolist()) == "[[-2.0], [nan]]"
    assert view.losses_of([0]).tolist() == [[-2.0]]
    steps, values = view.curve(1)
    assert (steps.tolist(), repr(values.tolist())) == ([2, 4], "[nan, 1.0]")
    assert [a.tolist() for a in view.curve(0)] == [[], []]
    assert [view.layouts[i].distributions for i in view.layout_indices] == [{"x": X}, {"x": X}]
    with pytest.raises(KeyError):
        view.column("unknown")


def test_an_empty_view() -> None:
    view = View(history_of(MINIMIZE, MAXIMIZE))
    assert (view.n, view.n_trials, view.n_objectives) == (0, 0, 2)
    assert view.values.shape == view.losses.shape == (0, 2)
    assert view.numbers.tolist() == view.states.tolist() == []
    assert (view.best_rows([], 5), view.front_rows(), view.constraint_keys) == ([], [], [])
    assert dict(view.shared_space()) == {}
    assert math.isnan(view.step_percentile(0, 50))
    assert view.open_trials == ()


def test_columns_are_read_only() -> None:
    history = history_of()
    add(history, 1.0, params="x", constraints={"a": 1.0}, reports={0: 1.0})
    view = View(history)
    for column in (view.numbers, view.states, view.column("x"), view.constraint("a"), *view.curve(0)):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_step_values_are_a_copy() -> None:
    history = history_of()
    add(history, 0.0, reports={0: 1.0})
    view = View(history)
    view.step_values(0).append(9.0)
    assert view.step_values(0).tolist() == [1.0]


def test_step_percentile() -> None:
    history = history_of()
    for value in (4.0, NAN, 1.0, 2.0):
        add(history, 0.0, reports={0: value, 1: NAN})
    view = View(history)
    assert [view.step_percentile(0, q) for q in (0, 25, 50, 100)] == [1.0, 1.5, 2.0, 4.0]
    assert view.step_percentile(0, 50, n_min_trials=4) == 2.0
    assert math.isnan(view.step_percentile(0, 50, n_min_trials=5))
    assert math.isnan(view.step_percentile(1, 50))
    assert math.isnan(view.step_percentile(2, 50))


# Open trials


def test_open_trials_and_who_is_left_out() -> None:
    history = history_of()
    running, waiting, late = add(history, state=RUNNING), add(history, state=WAITING), add(history, state=RUNNING)
    assert [t.number for t in View(history).open_trials] == [running, waiting, late]
    assert [t.number for t in View(history).running] == [running, late]
    assert [t.number for t in View(history, exclude=running).open_trials] == [waiting, late]
    assert [t.number for t in View(history, before=late).open_trials] == [running, waiting]
    assert View(history, exclude=running, before=waiting).open_trials == ()


def test_open_trials_are_as_they_were() -> None:
    history = history_of()
    number = add(history, state=RUNNING, params={"x": (X, 0.5)}, reports={0: 1.0})
    (trial,) = View(history).open_trials
    draft = history.drafts[number]
    draft.layout = history.tree.extend(draft.layout, "y", X).target
    draft.values.append(0.25)
    draft.reports[1] = 2.0
    draft.system_attrs["note"] = 1
    assert (trial.internal("x"), trial.internal("y")) == (0.5, None)
    assert (trial.reports, trial.system_attrs) == ({0: 1.0}, {})
    (now,) = View(history).open_trials
    assert (now.internal("y"), now.reports, now.system_attrs) == (0.25, {0: 1.0, 1: 2.0}, {"note": 1})


def test_what_is_expected_of_an_open_trial() -> None:
    space = SearchSpace({"n": IntDistribution(0, 9), "kind": CategoricalDistribution(("a", "b"))})
    history = history_of()
    number = add(history, state=RUNNING, params={"n": (IntDistribution(0, 9), 4)})
    draft = history.drafts[number]

    def expected() -> dict[str, Any] | None:
        (trial,) = View(history).open_trials
        return trial.expected(space)

    assert expected() is None
    draft.proposed = {"kind": 1, "n": 9}
    assert expected() == {"n": 4, "kind": 1}  # what was suggested counts before what was proposed
    draft.system_attrs[FIXED_PARAMS_KEY] = {"kind": "a"}
    assert expected() == {"n": 4, "kind": 0}
    draft.system_attrs[FIXED_PARAMS_KEY] = {"kind": "other"}
    assert expected() is None


# Threads


class CountingLock:
    """Counts how often it is taken."""

    def __init__(self) -> None:
        self.n_taken = 0
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()
        self.n_taken += 1

    def __exit__(self, *error: object) -> None:
        self._lock.release()


@pytest.mark.parametrize("read", [lambda view: view.column("y"), lambda view: view.constraint("a")])
def test_columns_that_may_be_short_are_read_under_the_lock(read: Any) -> None:
    # Reading makes them as long as the view; without the lock, what another thread writes meanwhile would be lost.
    history = history_of()
    add(history, 0.0, params="y", constraints={"a": 1.0})
    for _ in range(100):
        add(history, 0.0, params="x")
    view = View(history)
    history.lock = lock = CountingLock()  # type: ignore[assignment]
    assert len(read(view)) == 101
    assert lock.n_taken == 1


def test_readers_and_a_writer() -> None:
    history = History((MINIMIZE,))
    wide = FloatDistribution(0.0, 1e9)
    errors: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                view = View(history)
                if view.n:
                    assert view.column("x").tolist() == list(range(view.n))
                    assert view.step_values(0).tolist() == list(range(view.n))
                    assert view.best_rows(["x"], 2) == list(range(min(view.n, 2)))
        except BaseException as error:  # noqa: BLE001  told to the test below
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(300):
        add(history, float(i), params={"x": (wide, float(i))}, reports={0: float(i)})
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert View(history).column("x").tolist() == list(range(300))
