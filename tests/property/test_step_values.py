"""The sorted values per step, against sorting them anew."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optimist.history.draft import TrialChange
from optimist.history.history import History
from optimist.history.trackers import StepValues
from optimist.numerics.order_statistics import percentile_of_sorted
from optimist.states import StudyDirection, TrialState

values = st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf]) | st.floats(-1e300, 1e300)
curves = st.dictionaries(st.integers(0, 3), values, max_size=4)
outcomes = st.sampled_from([TrialState.COMPLETE] * 3 + [TrialState.PRUNED, TrialState.FAIL])


@given(st.lists(st.tuples(outcomes, curves), max_size=30), st.lists(st.integers(0, 30), max_size=8))
def test_at_every_step_of_every_view(trials: list[tuple[TrialState, dict[int, float]]], lengths: list[int]) -> None:
    history = History((StudyDirection.MINIMIZE,))
    history.apply(
        TrialChange(number=i, state=state, values=None if state == TrialState.FAIL else (0.0,), reports=curve)
        for i, (state, curve) in enumerate(trials)
    )
    steps = StepValues()
    for n in (min(length, len(trials)) for length in lengths):
        for step in range(4):
            reported = [curve[step] for state, curve in trials[:n] if state == TrialState.COMPLETE and step in curve]
            found = steps.at(history, n, step)
            assert found.values.tolist() == sorted(value for value in reported if not math.isnan(value))
            assert found.n_nan == sum(map(math.isnan, reported))


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=20), st.floats(0, 100))
def test_percentiles_are_those_of_numpy(numbers: list[float], percentile: float) -> None:
    assert percentile_of_sorted(sorted(numbers), percentile) == np.percentile(numbers, percentile)
