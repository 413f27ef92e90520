"""What a history takes in from stores: once or again, whole or in pieces, and what contradicts the study."""

from __future__ import annotations

import pickle

import pytest

from optimist.distributions import FloatDistribution, IntDistribution
from optimist.history.draft import SpaceParams, TrialChange
from optimist.history.history import change_of
from optimist.history.view import View
from tests.unit.history.small_histories import COMPLETE, FAIL, MAXIMIZE, PRUNED, RUNNING, WAITING, X, add, history_of

N = IntDistribution(1, 9)


def test_the_life_of_a_trial_in_pieces() -> None:
    history = history_of()
    history.apply([TrialChange(number=0, trial_id=7, state=WAITING, started_us=-1, system_attrs={"fixed": 1})])
    assert history.trial(0).state == WAITING
    assert history.trial(0).datetime_start is None
    history.apply([TrialChange(number=0, state=RUNNING, started_us=5_000_000)])
    history.apply([TrialChange(number=0, params=[("x", X, 0.5)], reports={3: 1.0})])
    history.apply([TrialChange(number=0, params=[("n", N, 4)], user_attrs={"a": 1})])
    history.apply([TrialChange(number=0, state=PRUNED, values=(1.0,), completed_us=6_000_000)])
    trial = history.trial(0)
    assert (trial.state, trial.values, trial.params) == (PRUNED, [1.0], {"x": 0.5, "n": 4})
    assert (trial.intermediate_values, trial.user_attrs, trial.system_attrs) == ({3: 1.0}, {"a": 1}, {"fixed": 1})
    assert trial._trial_id == 7
    assert trial.datetime_start is not None
    assert trial.datetime_complete is not None
    assert (trial.datetime_complete - trial.datetime_start).total_seconds() == 1.0
    assert (history.n, history.n_trials, history.drafts) == (1, 1, {})


def test_what_is_known_already_changes_nothing() -> None:
    history = history_of()
    waiting = TrialChange(number=0, state=WAITING, started_us=-1)
    running = TrialChange(number=0, state=RUNNING, started_us=5)
    some = TrialChange(number=0, params=[("x", X, 0.5)], reports={0: 1.0}, user_attrs={"a": 1})
    final = TrialChange(number=0, state=COMPLETE, values=(1.0,), completed_us=9)
    history.apply([waiting, running, waiting, some, some, running])
    assert history.drafts[0].started_us == 5
    assert history.drafts[0].values == [0.5]
    assert history.counts[RUNNING] == 1
    history.apply([final, final])
    before = repr(history.trials())
    history.apply([waiting, running, some, final, TrialChange(number=0, state=FAIL, user_attrs={"a": 2})])
    assert repr(history.trials()) == before
    assert (history.n, sum(history.counts), history.best_row) == (1, 1, 0)


def test_numbers_may_come_in_any_order() -> None:
    history = history_of()
    for number in (5, 2, 9):
        history.apply([TrialChange(number=number, trial_id=number, state=COMPLETE, values=(float(number),))])
    history.apply([TrialChange(number=3, trial_id=3, state=RUNNING)])
    assert [trial.number for trial in history.trials()] == [2, 3, 5, 9]
    assert [trial.number for trial in history.trials({COMPLETE})] == [2, 5, 9]
    assert [history.row_of(number) for number in (5, 2, 9, 3, 0, -1, 1000)] == [0, 1, 2, -1, -1, -1, -1]
    assert history.n_trials == 10
    for unknown in (0, -1, 10):
        with pytest.raises(KeyError):
            history.trial(unknown)


def shared(*values: float, number: int, **rest: object) -> TrialChange:
    """A complete trial whose parameters are x, y, ... as stores tell them."""
    space = tuple((name, X) for name, _ in zip("xyz", values, strict=False))
    return TrialChange(number, number, COMPLETE, (sum(values),), 1, 2, SpaceParams(space, list(values)), **rest)  # type: ignore[arg-type]


def test_whole_trials_are_the_same_in_a_batch_and_one_by_one() -> None:
    trials = [
        shared(0.1, 0.2, number=0, reports={1: 2.0, 0: 1.0}),
        shared(0.3, number=2, system_attrs={"constraints:a": 1.0}),
        shared(number=1, user_attrs={"note": 1}),
        shared(0.4, 0.5, number=3, system_attrs={"constraints:b": -1.0}),
    ] + [shared(i / 100, 0.5, 0.5, number=i) for i in range(4, 100)]
    at_once, one_by_one = history_of(MAXIMIZE), history_of(MAXIMIZE)
    at_once.apply([*trials, *trials[::7]])
    for trial in trials:
        # A list of parameters, and a change for each step, go the way of a trial that runs here.
        one_by_one.apply([TrialChange(trial.number, trial.trial_id, RUNNING, started_us=1, params=list(trial.params))])
        one_by_one.apply([TrialChange(number=trial.number, reports=trial.reports, user_attrs=trial.user_attrs)])
        one_by_one.apply([TrialChange(number=trial.number, system_attrs=trial.system_attrs)])
        one_by_one.apply([TrialChange(number=trial.number, state=COMPLETE, values=trial.values, completed_us=2)])
    assert at_once.trials() == one_by_one.trials()
    assert at_once.counts == one_by_one.counts
    assert at_once.best_row == one_by_one.best_row
    views = View(at_once), View(one_by_one)
    for name in "xyz":
        rows = [row for row in range(100) if name in at_once.trial(int(views[0].numbers[row])).params]
        assert len({tuple(view.column(name)[rows].tolist()) for view in views}) == 1
    assert views[0].best_rows(["x"], 100) == views[1].best_rows(["x"], 100)
    assert views[0].step_values(1) == views[1].step_values(1)
    assert [views[0].violation(row) for row in range(100)] == [views[1].violation(row) for row in range(100)]


def test_a_parameter_of_another_kind_is_kept_as_a_note() -> None:
    for whole in (True, False):
        history = history_of()
        add(history, 0.0, params={"x": (X, 0.5)})
        params = (("y", X), ("x", N))
        history.apply(
            [
                TrialChange(
                    1, 1, COMPLETE, (1.0,), 1, 2,
                    SpaceParams(params, [0.25, 3]) if whole else [("y", X, 0.25), ("x", N, 3)],
                )
            ]
        )  # fmt: skip
        trial = history.trial(1)
        assert (trial.params, trial.system_attrs) == ({"y": 0.25}, {"optimist:misfit:x": 3})
        assert (trial.values, View(history).column("y")[1]) == ([1.0], 0.25)


def test_ranges_may_change_between_trials() -> None:
    history = history_of()
    wide = FloatDistribution(-5.0, 5.0)
    add(history, 0.0, params={"x": (X, 0.5)})
    add(history, 0.0, params={"x": (wide, -4.0)})
    assert View(history).column("x").tolist() == [0.5, -4.0]
    assert [trial.distributions["x"] for trial in history.trials()] == [X, wide]


def test_a_change_says_everything_about_a_snapshot() -> None:
    history, copy = history_of(), history_of()
    add(history, 1.0, params={"x": (X, 0.5), "n": (N, 3)}, reports={2: 1.0}, constraints={"a": 0.0})
    add(history, state=FAIL, user_attrs={"a": [1]})
    add(history, state=RUNNING, params={"n": (N, 3)})
    add(history, state=WAITING)
    copy.apply([change_of(trial) for trial in history.trials()])
    assert copy.trials() == history.trials()
    assert copy.counts == history.counts


def test_snapshots_of_finished_trials_are_shared_and_those_of_open_ones_are_not() -> None:
    history = history_of()
    add(history, 1.0)
    add(history, state=RUNNING)
    first, second = history.trials(), history.trials()
    assert first[0] is second[0]
    assert first[1] is not second[1]
    history.drafts[1].user_attrs["a"] = 1
    assert first[1].user_attrs == {}


def test_a_pickled_history_goes_on() -> None:
    history = history_of()
    add(history, 1.0, params="x", reports={0: 1.0}, constraints={"a": 1.0})
    add(history, state=RUNNING, params="xy")
    for ask in (View.front_rows, View.shared_space, lambda view: view.best_rows(["x"], 1)):
        ask(View(history))
    travelled = pickle.loads(pickle.dumps(history))
    assert travelled.trials() == history.trials()
    for each in (history, travelled):
        each.apply([TrialChange(number=1, state=COMPLETE, values=(0.5,), reports={0: 3.0}, completed_us=9)])
        add(each, 0.25, params="yx")
    assert travelled.trials() == history.trials()
    views = View(travelled), View(history)
    assert views[0].best_rows(["x"], 9) == views[1].best_rows(["x"], 9) == [0, 1, 2]
    assert views[0].shared_space() == views[1].shared_space()
    assert travelled.best_row == history.best_row == 2
