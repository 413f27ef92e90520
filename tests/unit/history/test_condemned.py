"""The shadow of a history: controls stand as pruned, whenever one looks."""

from __future__ import annotations

import math

import pytest

from optimist.history.attributes import AUDIT_KEY
from optimist.history.condemned import Condemnation, Shadow, is_control
from optimist.history.history import History
from optimist.history.view import View
from tests.unit.history.small_histories import COMPLETE, FAIL, PRUNED, RUNNING, X, add, history_of

CURVE = {0: 5.0, 3: 4.0, 7: 0.0}


def note(step: int, control: bool = True) -> dict[str, object]:
    return {AUDIT_KEY: Condemnation(step, 1.0, 0.5, control, "MedianPruner", "It is bad.").note()}


def shadow_of(history: History) -> View:
    view = View(history)
    return view.tracker(Shadow, Shadow).view(view)


def rows(view: View) -> list[tuple[int, int, float]]:
    return [(int(n), int(s), float(v)) for n, s, v in zip(view.numbers, view.states, view.values[:, 0], strict=True)]


def test_a_condemnation_survives_its_note() -> None:
    condemned = Condemnation(3, 0.25, None, True, "MedianPruner", "It is bad.")
    assert Condemnation.of({AUDIT_KEY: condemned.note()}) == condemned
    assert Condemnation.of({}) is None
    assert not is_control({})
    assert [is_control(note(3, control)) for control in (True, False)] == [True, False]


def test_a_finished_control_stands_as_it_was_condemned() -> None:
    history = history_of()
    add(history, 1.0, reports=CURVE)
    add(history, 0.0, reports=CURVE, notes=note(3), params=["x"])
    add(history, 4.0, state=PRUNED, reports={0: 5.0, 3: 4.0}, notes=note(3, control=False))
    view = shadow_of(history)
    assert rows(view) == [(0, COMPLETE, 1.0), (1, PRUNED, 4.0), (2, PRUNED, 4.0)]
    assert view.curve(1)[0].tolist() == [0, 3]
    assert view.column("x")[1] == 0.5
    assert (view.count(COMPLETE), view.count(PRUNED), view.n_trials) == (1, 2, 3)
    assert View(history).count(COMPLETE) == 2  # the history itself is as it was


@pytest.mark.parametrize("end", [COMPLETE, FAIL, PRUNED])
def test_however_a_control_ends_it_stands_as_pruned(end: int) -> None:
    history = history_of()
    add(history, 0.0 if end == COMPLETE else None, state=type(COMPLETE)(end), reports=CURVE, notes=note(0))
    assert rows(shadow_of(history)) == [(0, PRUNED, 5.0)]


def test_a_control_without_a_number_has_no_value() -> None:
    history = history_of()
    add(history, 1.0, reports={0: math.nan, 1: 1.0}, notes=note(0))
    ((_, state, value),) = rows(shadow_of(history))
    assert state == PRUNED
    assert math.isnan(value)


def test_a_running_control_is_pruned_already_and_stays_where_it_is() -> None:
    history = history_of()
    number = add(history, state=RUNNING, reports={0: 5.0, 3: 4.0}, params=["x"])
    before = View(history)
    assert shadow_of(history).count(RUNNING) == 1
    draft = history.drafts[number]
    draft.system_attrs.update(note(3))
    during = View(history)
    add(history, 2.0, reports=CURVE)
    view = shadow_of(history)
    # First seen condemned after trial 1 had finished.
    assert rows(view) == [(1, COMPLETE, 2.0), (0, PRUNED, 4.0)]
    assert view.open_trials == ()
    assert (view.count(RUNNING), view.count(PRUNED)) == (0, 1)
    draft.reports[7] = 0.0
    history.finish(draft, COMPLETE, [0.0], 9)
    add(history, 3.0)
    view = shadow_of(history)
    assert rows(view) == [(1, COMPLETE, 2.0), (0, PRUNED, 4.0), (2, COMPLETE, 3.0)]
    assert view.column("x")[1] == X.to_internal_repr(0.5)
    # Views from before see what they saw.
    shadow = before.tracker(Shadow, Shadow)
    assert rows(shadow.view(before)) == []
    assert [trial.number for trial in shadow.view(before).open_trials] == [number]
    assert (0, PRUNED, 4.0) in rows(shadow.view(during))


def test_older_views_keep_their_length() -> None:
    history = history_of()
    views = [View(history)]
    for i in range(6):
        add(history, float(i), reports=CURVE, notes=note(0) if i % 2 else None)
        views.append(View(history))
    shadow = views[-1].tracker(Shadow, Shadow)
    for n, view in enumerate(views):
        shown = shadow.view(view)
        assert shown.n == n
        assert (shown.count(COMPLETE), shown.count(PRUNED)) == ((n + 1) // 2, n // 2)


def test_each_row_is_taken_in_once() -> None:
    history = history_of()
    for i in range(50):
        add(history, float(i), reports=CURVE)
    shadow = View(history).tracker(Shadow, Shadow)
    read: list[int] = []
    reader = shadow._reader
    assert reader is not None
    take = reader.change
    reader.change = lambda row: (read.append(row), take(row))[1]  # type: ignore[method-assign]
    for i in range(10):
        add(history, float(i))
        shadow_of(history)
        shadow_of(history)
    assert read == list(range(50, 60))
