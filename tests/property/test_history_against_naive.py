"""The history in columns says the same as a list of plain records, whatever happens to it in whatever order."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optimist.history.draft import Change, SpaceParams, StudyChange, TrialChange
from optimist.history.history import History
from optimist.history.metrics import with_metrics
from optimist.history.records import to_datetime
from optimist.history.view import View
from optimist.states import StudyDirection, TrialState
from tests.property.naive_history import NaiveHistory, NaiveTrial

DISTRIBUTIONS: dict[str, list[BaseDistribution]] = {
    "x": [FloatDistribution(0, 1), FloatDistribution(0, 2), FloatDistribution(0.5, 1, step=0.25)],
    "n": [IntDistribution(1, 8), IntDistribution(1, 64), IntDistribution(1, 8, step=1)],
    "kind": [CategoricalDistribution(("a", None, 3))],
    "deep": [FloatDistribution(1e-3, 1, log=True)],
}
NAMES = sorted(DISTRIBUTIONS)
STEPS = range(5)

numbers = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, math.inf, -math.inf]) | st.floats(-10, 10)
reports = st.just(math.nan) | numbers
attr_keys = st.sampled_from(["note", "owner"])
attr_values = st.sampled_from([1, "text", None, [1, 2]])
constraint_keys = st.sampled_from(["constraints:size", "constraints:time"])
constraint_values = st.sampled_from([-1.0, 0.0, 0.5, 2.0])
finals = st.sampled_from([TrialState.COMPLETE, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL])


Suggestion = tuple[str, BaseDistribution, Any]  # name, distribution, internal value


@st.composite
def suggestions(draw: st.DrawFn) -> Suggestion:
    name = draw(st.sampled_from(NAMES))
    distribution = draw(st.sampled_from(DISTRIBUTIONS[name]))
    if isinstance(distribution, CategoricalDistribution):
        return name, distribution, draw(st.integers(0, 2))
    if isinstance(distribution, IntDistribution):
        return name, distribution, draw(st.integers(1, 8))
    return name, distribution, draw(st.sampled_from([0.5, 0.75, 1.0]))


WholeTrial = tuple[list[Suggestion], dict[int, float], dict[str, float], TrialState]


def whole_trials() -> st.SearchStrategy[WholeTrial]:
    return st.tuples(
        st.lists(suggestions(), max_size=3),
        st.dictionaries(st.sampled_from(STEPS), reports, max_size=4),
        st.just({}) | st.dictionaries(constraint_keys, constraint_values, max_size=2),
        finals,
    )


class Histories(RuleBasedStateMachine):
    """Drives a history and its naive model side by side; some views are kept, and asked again later."""

    @initialize(
        directions=st.lists(st.sampled_from([StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE]), min_size=1, max_size=2)
    )
    def start(self, directions: list[StudyDirection]) -> None:
        self.history = History(directions)
        self.naive = NaiveHistory(tuple(directions))
        self.views: list[tuple[View, NaiveHistory]] = []
        self.clock = 1_700_000_000_000_000

    def now(self) -> int:
        self.clock += 1_000_001
        return self.clock

    def pick_open(self, data: st.DataObject) -> NaiveTrial:
        return data.draw(st.sampled_from(self.naive.open))

    def has_open(self) -> bool:
        return bool(self.naive.open)

    # What this process does

    @rule(state=st.sampled_from([TrialState.RUNNING, TrialState.RUNNING, TrialState.WAITING]))
    def begin(self, state: TrialState) -> None:
        started_us = self.now() if state == TrialState.RUNNING else -1
        number = self.history.n_trials
        self.history.begin(number, number + 100, state, started_us)
        self.naive.trials[number] = NaiveTrial(number, state, started_us)

    @precondition(has_open)
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        trial = self.pick_open(data)
        if trial.state == TrialState.WAITING:
            trial.state, trial.started_us = TrialState.RUNNING, self.now()
            self.history.start(self.history.drafts[trial.number], trial.started_us)

    @precondition(has_open)
    @rule(data=st.data(), suggested=st.lists(suggestions(), min_size=1, max_size=4))
    def suggest(self, data: st.DataObject, suggested: list[Suggestion]) -> None:
        self.suggest_all(self.pick_open(data), suggested)

    def suggest_all(self, trial: NaiveTrial, suggested: list[Suggestion]) -> None:
        draft = self.history.drafts[trial.number]
        for name, distribution, internal in suggested:
            if name not in trial.params:
                trial.params[name] = (distribution, internal)
                draft.layout = self.history.tree.extend(draft.layout, name, distribution).target
                draft.values.append(internal)

    @precondition(has_open)
    @rule(data=st.data(), reported=st.dictionaries(st.sampled_from(STEPS), reports, min_size=1, max_size=3))
    def report(self, data: st.DataObject, reported: dict[int, float]) -> None:
        trial = self.pick_open(data)
        for step, value in reported.items():
            if step not in trial.reports:
                trial.reports[step] = value
                self.history.drafts[trial.number].reports[step] = value

    @precondition(has_open)
    @rule(data=st.data(), key=constraint_keys | attr_keys, value=constraint_values, is_system=st.booleans())
    def set_attr(self, data: st.DataObject, key: str, value: float, is_system: bool) -> None:
        trial = self.pick_open(data)
        draft = self.history.drafts[trial.number]
        (trial.system_attrs if is_system else trial.user_attrs)[key] = value
        (draft.system_attrs if is_system else draft.user_attrs)[key] = value

    @rule(data=st.data(), outcomes=st.lists(whole_trials(), min_size=1, max_size=6))
    def run_trials(self, data: st.DataObject, outcomes: list[WholeTrial]) -> None:
        for suggested, reported, constraints, state in outcomes:
            self.begin(TrialState.RUNNING)
            trial = self.naive.trials[self.history.n_trials - 1]
            draft = self.history.drafts[trial.number]
            self.suggest_all(trial, suggested)
            for attributes in (trial.system_attrs, draft.system_attrs):
                attributes.update(constraints)
            for known in (trial.reports, draft.reports):
                known.update(reported)
            if reported and trial.number % 3 == 0:
                trial.metrics = {"loss": {}, "acc": {step: -value for step, value in reported.items() if step % 2}}
                draft.metrics = with_metrics(draft.metrics, trial.metrics)
            self.end(trial, state, self.draw_values(data, state))

    @precondition(has_open)
    @rule(data=st.data(), state=finals)
    def finish(self, data: st.DataObject, state: TrialState) -> None:
        trial = self.pick_open(data)
        self.end(trial, state, self.draw_values(data, state))

    def end(self, trial: NaiveTrial, state: TrialState, values: tuple[float, ...] | None) -> None:
        completed_us = self.now()
        self.history.finish(self.history.drafts[trial.number], state, values, completed_us)
        self.naive_finish(trial, state, values, completed_us)

    def draw_values(self, data: st.DataObject, state: TrialState) -> tuple[float, ...] | None:
        if state == TrialState.FAIL or (state == TrialState.PRUNED and data.draw(st.booleans())):
            return None
        n = len(self.naive.directions)
        return tuple(data.draw(st.lists(numbers, min_size=n, max_size=n)))

    def naive_finish(
        self, trial: NaiveTrial, state: TrialState, values: tuple[float, ...] | None, completed_us: int
    ) -> None:
        trial.state, trial.values, trial.completed_us = state, values, completed_us
        self.naive.finished.append(trial)

    # What the store tells

    @rule(
        data=st.data(),
        suggested=st.lists(suggestions(), max_size=3, unique_by=lambda suggestion: suggestion[0]),
        reported=st.dictionaries(st.sampled_from(STEPS), reports, max_size=3),
        user_attrs=st.dictionaries(attr_keys, attr_values, max_size=1),
        system_attrs=st.dictionaries(constraint_keys, constraint_values, max_size=2),
        state=st.none() | finals | st.sampled_from([TrialState.RUNNING, TrialState.WAITING]),
        n_times=st.integers(1, 3),
    )
    def apply(
        self,
        data: st.DataObject,
        suggested: list[Suggestion],
        reported: dict[int, float],
        user_attrs: dict[str, Any],
        system_attrs: dict[str, Any],
        state: TrialState | None,
        n_times: int,
    ) -> None:
        """A change of any trial, told once or again: of a new one, an open one, or one that is finished already."""
        number = data.draw(st.integers(0, self.history.n_trials))
        known = self.naive.trials.get(number)
        reported = {s: v for s, v in reported.items() if known is None or s not in known.reports}
        change = TrialChange(
            number=number, trial_id=number + 100, state=state, params=suggested, reports=reported,
            user_attrs=user_attrs, system_attrs=system_attrs,
        )  # fmt: skip
        if known is None or state == TrialState.RUNNING:
            change.started_us = -1 if state == TrialState.WAITING else self.now()
        if state is not None and state.is_finished():
            change.values, change.completed_us = self.draw_values(data, state), self.now()
        for _ in range(n_times):
            self.history.apply([copy.deepcopy(change)])
        self.naive_apply(change, known)

    def naive_apply(self, change: TrialChange, trial: NaiveTrial | None) -> None:
        if trial is None:
            first = TrialState.WAITING if change.state == TrialState.WAITING else TrialState.RUNNING
            trial = NaiveTrial(change.number, first, -1)
            self.naive.trials[change.number] = trial
        if trial.state.is_finished():
            return
        if change.started_us is not None:
            trial.started_us = change.started_us
        if change.state == TrialState.RUNNING:
            trial.state = TrialState.RUNNING
        for name, distribution, internal in change.params:
            trial.params.setdefault(name, (distribution, internal))
        trial.reports.update(change.reports)
        trial.user_attrs.update(change.user_attrs)
        trial.system_attrs.update(change.system_attrs)
        if change.state is not None and change.state.is_finished():
            assert change.completed_us is not None
            self.naive_finish(trial, change.state, change.values, change.completed_us)

    @rule(data=st.data(), outcomes=st.lists(whole_trials(), min_size=1, max_size=6), with_repeats=st.booleans())
    def load(self, data: st.DataObject, outcomes: list[WholeTrial], with_repeats: bool) -> None:
        """Many finished trials at once, as when a study is opened; they finished in another order than they began."""
        first = self.history.n_trials
        spaces: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        changes: list[Change] = []
        for number in data.draw(st.permutations(range(first, first + len(outcomes)))):
            suggested, reported, constraints, state = outcomes[number - first]
            space = tuple({name: distribution for name, distribution, _ in suggested}.items())
            space = spaces.setdefault(space, space)  # shared, as stores share it
            values = {name: value for name, _, value in suggested}
            changes.append(
                TrialChange(
                    number,
                    number + 100,
                    state,
                    self.draw_values(data, state),
                    self.now(),
                    self.now(),
                    SpaceParams(space, [values[name] for name, _ in space]),
                    reported,
                    {},
                    constraints,
                )
            )
        known = [trial.number for trial in self.naive.trials.values()]
        news = [*changes, *changes[:2]] if with_repeats else changes
        number = data.draw(st.sampled_from(known)) if known else first
        open_change = TrialChange(number=number, trial_id=number + 100, reports={4: 1.0})
        position = data.draw(st.integers(0, len(news)))
        news = [*news[:position], StudyChange({"loaded": first}), open_change, *news[position:]]
        self.history.apply(copy.deepcopy(news))
        self.naive.user_attrs["loaded"] = first
        for change in news:
            if isinstance(change, TrialChange):
                self.naive_apply(change, self.naive.trials.get(change.number))

    @rule(key=attr_keys, value=attr_values, is_system=st.booleans())
    def change_study(self, key: str, value: Any, is_system: bool) -> None:
        self.history.apply([StudyChange(system_attrs={key: value}) if is_system else StudyChange({key: value})])
        (self.naive.system_attrs if is_system else self.naive.user_attrs)[key] = value

    # Questions

    @invariant()
    def views_are_kept(self) -> None:
        if not self.views or self.views[-1][0].n < self.history.n:
            self.views = [*self.views[-5:], (View(self.history), copy.deepcopy(self.naive))]

    @precondition(lambda self: self.views)
    @rule(data=st.data())
    def ask_some_view(self, data: st.DataObject) -> None:
        view, then = data.draw(st.sampled_from(self.views))
        names = data.draw(st.sets(st.sampled_from(NAMES), max_size=2))
        m = data.draw(st.sampled_from([1, 3, 100]))
        check_statistics(View(self.history), self.naive, names, m)  # the statistics are ahead of the view
        check_statistics(view, then, names, m)

    @precondition(lambda self: self.views)
    @rule(data=st.data())
    def look_at_some_view(self, data: st.DataObject) -> None:
        check_columns(*data.draw(st.sampled_from(self.views)))

    @rule()
    def ask_for_trials(self) -> None:
        check_trials(self.history, self.naive)

    @invariant()
    def counts_and_best_are_right(self) -> None:
        history, naive = self.history, self.naive
        assert (history.n, history.n_trials) == (len(naive.finished), len(naive.trials))
        assert {state: history.counts[state] for state in TrialState} == naive.counts()
        assert history.drafts.keys() == {trial.number for trial in naive.open}
        assert (history.user_attrs, history.system_attrs) == (naive.user_attrs, naive.system_attrs)
        best = naive.best()
        assert history.best_row == (-1 if best is None else naive.finished.index(best))

    def teardown(self) -> None:
        if hasattr(self, "history"):
            for view, then in [*self.views, (View(self.history), self.naive)]:
                check_columns(view, then)
                check_statistics(view, then, set(), m=1000)
            check_trials(self.history, self.naive)
            travelled = pickle.loads(pickle.dumps(self.history))
            check_trials(travelled, self.naive)
            check_statistics(View(travelled), self.naive, {"x"}, m=2)


def same(a: Any, b: Any) -> bool:
    """Equal, where NaN equals NaN."""
    return repr(a) == repr(b)


def check_trials(history: History, naive: NaiveHistory) -> None:
    trials = history.trials()
    assert [trial.number for trial in trials] == sorted(naive.trials)
    for trial in [*trials, *(history.trial(number) for number in naive.trials)]:
        expected = naive.trials[trial.number]
        assert trial.state == expected.state
        assert trial.values == (None if expected.values is None else list(expected.values))
        assert trial.params == expected.external_params
        assert list(trial.params) == list(expected.params)  # in order of suggestion
        assert trial.distributions == expected.distributions
        assert same(dict(sorted(trial.intermediate_values.items())), dict(sorted(expected.reports.items())))
        rows = {
            step: {"loss": value} | ({"acc": -value} if step in expected.metrics["acc"] else {})
            for step, value in sorted(expected.reports.items())
            if expected.metrics
        }
        assert repr(trial.intermediate_metrics) == repr(rows)
        assert trial.user_attrs == expected.user_attrs
        assert trial.system_attrs == expected.system_attrs
        assert trial.constraints == expected.constraints
        assert trial.datetime_start == to_datetime(expected.started_us)
        assert trial.datetime_complete == to_datetime(expected.completed_us)
        assert trial._trial_id == trial.number + 100
    for state in TrialState:
        numbers = [trial.number for trial in history.trials({state})]
        assert numbers == sorted(n for n, trial in naive.trials.items() if trial.state == state)


def check_columns(view: View, then: NaiveHistory) -> None:
    finished = then.finished
    assert (view.n, view.n_trials) == (len(finished), len(then.trials))
    assert {state: view.count(state) for state in TrialState} == then.counts()
    assert view.system_attrs == then.system_attrs
    assert view.numbers.tolist() == [trial.number for trial in finished]
    assert view.states.tolist() == [trial.state for trial in finished]
    nothing = (math.nan,) * len(then.directions)
    assert same(view.values.tolist(), [list(trial.values or nothing) for trial in finished])
    rows = [row for row, trial in enumerate(finished) if trial.values is not None]
    assert view.losses_of(rows).tolist() == [then.losses(finished[row]) for row in rows]
    for name in NAMES:
        rows = [row for row, trial in enumerate(finished) if name in trial.params]
        assert np.flatnonzero(view.holds([name], np.arange(view.n))).tolist() == rows
        if rows:
            column = view.column(name)
            assert (len(column), column.flags.writeable) == (view.n, False)
            assert column[rows].tolist() == [finished[row].params[name][1] for row in rows]
    keys = {key for trial in finished for key in trial.constraints}
    assert set(view.constraint_keys) == keys
    for key in keys:
        assert same(view.constraint(key).tolist(), [trial.constraints.get(key, math.nan) for trial in finished])
    for row, trial in enumerate(finished):
        steps, values = view.curve(row)
        assert same(list(zip(steps.tolist(), values.tolist(), strict=True)), sorted(trial.reports.items()))
        assert view.metric_names(row) == list(trial.metrics)
        for name in trial.metrics:
            steps, values = view.metric_curve(row, name)
            found = sorted((trial.metrics[name] if name == "acc" else trial.reports).items())
            assert same(list(zip(steps.tolist(), values.tolist(), strict=True)), found)
        assert view.row_attrs(row) == (trial.user_attrs, trial.system_attrs)
        assert dict(view.layouts[view.layout_indices[row]].distributions) == trial.distributions
    for open_trial, expected in zip(view.open_trials, then.open, strict=True):
        assert (open_trial.number, open_trial.state) == (expected.number, expected.state)
        assert same(open_trial.reports, expected.reports)
        assert open_trial.system_attrs == expected.system_attrs
        internal = {name: value for name, (_, value) in expected.params.items()}
        assert {name: open_trial.internal(name) for name in NAMES} == {name: internal.get(name) for name in NAMES}


def check_statistics(view: View, then: NaiveHistory, names: set[str], m: int) -> None:
    ranked = then.ranked(names)
    assert view.best_rows(sorted(names), m) == ranked[:m]
    assert view.n_ranked(sorted(names)) == len(ranked)
    assert view.front_rows() == then.front()
    for row, trial in enumerate(then.finished):
        assert view.violation(row) == then.violation(trial)
        assert (view.rank_key(row) is None) == (trial.state == TrialState.FAIL)
    for include_pruned in (False, True):
        shared = view.shared_space(include_pruned)
        assert list(shared.items()) == list(then.shared_space(include_pruned).items())
    for step in STEPS:
        reported = then.reported(step)
        numbers = sorted(value for value in reported if not math.isnan(value))
        assert view.step_values(step).tolist() == numbers
        if numbers and all(map(math.isfinite, numbers)):
            assert view.step_percentile(step, 30) == np.percentile(numbers, 30)
        assert math.isnan(view.step_percentile(step, 50, n_min_trials=len(reported) + 1))


TestHistories = Histories.TestCase
TestHistories.settings = settings(stateful_step_count=30)
