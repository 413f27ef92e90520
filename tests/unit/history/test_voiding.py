"""Voided trials leave the rows; views that were taken before stay as they were."""

from __future__ import annotations

import copy
import pickle
import random

import pytest

from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.exceptions import InvalidSpaceError
from optimist.history.attributes import VOID_KEY
from optimist.history.draft import StudyChange, TrialChange
from optimist.history.history import History, change_of
from optimist.history.view import View
from optimist.history.voiding import take_in, with_voided, without
from tests.unit.history.small_histories import COMPLETE, FAIL, MAXIMIZE, PRUNED, RUNNING, WAITING, add, history_of

X, N, KIND = FloatDistribution(0.0, 1.0), IntDistribution(0, 9), CategoricalDistribution(("a", None))


def mixed_history(n: int, seed: int = 0) -> History:
    """Finished trials of all kinds, not in the order of their numbers, and open ones."""
    rng = random.Random(seed)
    history = history_of(MAXIMIZE)
    history.apply([StudyChange({"u": 1}, {"s": 2})])
    for i in range(n):
        add(
            history,
            rng.choice([1.0, 2.0, rng.random()]) if i % 3 != 2 else None,
            state=(COMPLETE, RUNNING if i % 6 == 1 else COMPLETE, (PRUNED, FAIL)[i % 2])[i % 3],
            params={"x": (X, rng.random()), **({"n": (N, 3)} if i % 4 else {"kind": (KIND, i % 2)})},
            reports={step: rng.random() for step in range(i % 4)},
            constraints={"c": rng.choice([-1.0, 1.0])} if i % 5 == 0 else None,
            user_attrs={"i": i} if i % 2 else None,
        )
    for number in list(history.drafts)[::2]:
        history.apply([TrialChange(number, state=COMPLETE, values=(0.5,), completed_us=9)])
    return history


def facts(history: History) -> list[object]:
    """What algorithms can ask."""
    view = View(history)
    return [
        history.trials(),
        history.counts,
        history.n_trials,
        [t._state_of_self() for t in history.voided.values()],
        view.numbers.tolist(),
        view.states.tolist(),
        view.losses.tolist(),
        [view.layouts[i].distributions for i in view.layout_indices],
        view.constraint_keys,
        [view.curve(row)[1].tolist() for row in range(view.n)],
        [view.row_attrs(row) for row in range(view.n)],
        view.best_rows(["x"], 99),
        view.front_rows(),
        dict(view.shared_space()),
        [list(view.step_values(step)) for step in range(4)],
        history.best_row,
        [(t.number, t.state, t.layout.distributions) for t in view.open_trials],
        sorted(history.tree.columns),
    ]


def test_the_new_history_is_that_of_somebody_who_reads_it_all_now() -> None:
    history = mixed_history(40)
    voided = {number: f"reason {number}" for number in (0, 3, 4, 11, 39) if history.row_of(number) >= 0}
    order = [*history.number.data[: history.n], *history.drafts]
    after = without(history, voided)
    changes = [change_of(after.trial(number)) for number in order]
    fresh = take_in(history_of(MAXIMIZE), [StudyChange({"u": 1}, {"s": 2}), *changes])
    assert repr(facts(after)) == repr(facts(fresh))
    assert list(after.voided) == list(voided)
    assert (after.user_attrs, after.system_attrs) == ({"u": 1}, {"s": 2})
    assert repr(facts(pickle.loads(pickle.dumps(after)))) == repr(facts(after))


def test_old_history_and_its_views_stay() -> None:
    history = mixed_history(30)
    view, before = View(history), repr(facts(history)[4:13])
    after = without(history, {0: "r"})
    assert after is not history
    assert after.lock is history.lock
    assert repr(facts(history)[4:13]) == before
    assert view.numbers.tolist() == history.number.data[: history.n].tolist()
    assert 0 not in View(after).numbers


def test_snapshots_show_the_reason() -> None:
    history = without(mixed_history(10), {3: "why"})
    for trial in (history.trial(3), history.trials()[3]):
        assert trial.number == 3
        assert trial.void_reason == "why"
        assert trial.system_attrs[VOID_KEY] == "why"
        assert trial.user_attrs == {"i": 3}
    history.trial(3).user_attrs["i"] = 0  # a copy
    assert history.trial(3).user_attrs == {"i": 3}
    assert history.trial(0).void_reason is None
    assert [trial.number for trial in history.trials()] == list(range(10))
    assert history.row_of(3) == -1
    change = change_of(history.trial(3))
    assert change.void == "why"
    assert VOID_KEY not in change.system_attrs


def test_changes_may_come_in_any_form_and_again() -> None:
    history = history_of()
    add(history, 1.0)
    void_of_row = TrialChange(0, void="row")
    assert history.apply([void_of_row]) == {0: "row"}  # somebody has to make another history
    history = take_in(history, [void_of_row, TrialChange(0, void="later")])
    history = take_in(history, [TrialChange(0, void="later"), TrialChange(0, state=COMPLETE, values=(1.0,))])
    add(history, state=RUNNING, params=["x"])
    history = take_in(history, [TrialChange(1, state=FAIL, user_attrs={"a": 1}, void="of a running one")])
    history = take_in(history, [TrialChange(2, 7, COMPLETE, (2.0,), 1, 2, void="unknown before")])
    history = take_in(history, [TrialChange(3, 8, COMPLETE, (2.0,), 1, 2), TrialChange(3, void="at once")])
    assert [trial.void_reason for trial in history.trials()] == ["row", "of a running one", "unknown before", "at once"]
    assert history.trials()[1].user_attrs == {"a": 1}
    assert (history.n, history.n_trials, history.best_row) == (0, 4, -1)
    assert history.count(COMPLETE) == 3
    assert history.counts[COMPLETE] == 0
    assert add(history, 5.0) == 4
    assert history.number.data[history.best_row] == 4


def test_open_trials_live_on() -> None:
    history = history_of()
    add(history, 1.0, params={"n": (N, 1)})
    add(history, state=RUNNING, params={"x": (X, 0.25)})
    add(history, state=WAITING)
    draft = history.drafts[1]
    old_edge = history.tree.extend(draft.layout, "late", X)
    after = without(history, {0: "r"})
    assert after.drafts[1] is draft
    assert "n" not in after.tree.columns  # only the voided trial had it
    # A suggestion that was under way puts the trial back on the old tree.
    draft.layout, draft.values = old_edge.target, [0.25, 0.75]
    edge = after.tree.extend(draft.layout, "n", X)  # another kind than in the voided trial
    draft.layout, draft.values = edge.target, [0.25, 0.75, 0.5]
    assert edge.target.tree is after.tree
    after.finish(draft, COMPLETE, (1.0,), 9)
    assert after.trial(1).params == {"x": 0.25, "late": 0.75, "n": 0.5}


def test_trial_on_the_old_tree_can_finish() -> None:
    history = history_of()
    add(history, 1.0)
    add(history, state=RUNNING)
    draft = history.drafts[1]
    old_edge = history.tree.extend(draft.layout, "x", X)
    after = without(history, {0: "r"})
    draft.layout, draft.values = old_edge.target, [0.5]
    row = after.finish(draft, COMPLETE, (1.0,), 9)
    assert after.trial(1).params == {"x": 0.5}
    assert View(after).column("x")[row] == 0.5


def test_kind_of_a_parameter_is_free_again() -> None:
    history = history_of()
    add(history, 1.0, params={"x": (X, 0.5)})
    with pytest.raises(InvalidSpaceError):
        history.tree.extend(history.tree.root, "x", N)
    without(history, {0: "r"}).tree.extend(history.tree.root, "x", N)


def test_table_of_all_trials() -> None:
    history = mixed_history(20)
    trials = copy.deepcopy(history.trials())
    all_again = with_voided(without(history, {0: "r", 4: "s"}))
    for trial, reason in ((trials[0], "r"), (trials[4], "s")):
        trial.system_attrs[VOID_KEY] = reason
    assert all_again.trials() == trials
    assert all_again.n + len(all_again.drafts) == 20
