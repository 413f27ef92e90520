"""Whatever a study holds, each figure is made without an error or a warning, and its axes are finite."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import optimist
from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.states import TrialState
from optimist.study import Study
from optimist.trial import create_trial
from optimist.visualization.data.axes import Axis, param_axis, value_axis
from optimist.visualization.data.optimization_history import optimization_history
from optimist.visualization.data.trials import read_trials

DISTRIBUTIONS = {
    "x": FloatDistribution(-1e300, 1e300),
    "lr": FloatDistribution(1e-300, 1e300, log=True),
    "tiny": FloatDistribution(0.1, 0.1),
    "n": IntDistribution(1, 2**40, log=True),
    "kind": CategoricalDistribution(("a", None, 1.5, True, "<b>")),
}
NAMES = [
    "plot_comparison",
    "plot_contour",
    "plot_edf",
    "plot_intermediate_values",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_rank",
    "plot_slice",
    "plot_timeline",
]

values = st.one_of(
    st.floats(allow_nan=False), st.floats(-10, 10), st.sampled_from([0.0, -0.0, math.inf, -math.inf, 1e308, -1e308])
)
params = st.fixed_dictionaries(
    {},
    optional={
        "x": st.floats(-1e300, 1e300),
        "lr": st.floats(1e-300, 1e300),
        "tiny": st.just(0.1),
        "n": st.integers(1, 2**40),
        "kind": st.sampled_from(DISTRIBUTIONS["kind"].choices),  # type: ignore[attr-defined]
    },
)
reports = st.dictionaries(st.integers(0, 2**40), st.floats(), max_size=3)
constraints = st.dictionaries(st.sampled_from("ab"), st.floats(allow_nan=False), max_size=2)


@st.composite
def any_trial(draw: st.DrawFn) -> Any:
    state = draw(st.sampled_from(TrialState))
    needs_value = state == TrialState.COMPLETE
    has_value = needs_value or (state == TrialState.PRUNED and draw(st.booleans()))
    given_params = draw(params) if state != TrialState.WAITING else {}
    return create_trial(
        state=state,
        value=draw(values) if has_value else None,
        params=given_params,
        distributions={name: DISTRIBUTIONS[name] for name in given_params},
        intermediate_values=draw(reports) if state != TrialState.WAITING else {},
        constraints=draw(constraints) if state.is_finished() else {},
    )


@st.composite
def any_study(draw: st.DrawFn) -> Study:
    study = optimist.create_study(direction=draw(st.sampled_from(["minimize", "maximize"])))
    study.add_trials(draw(st.lists(any_trial(), max_size=14)))
    return study


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Any:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.ERROR)
    yield
    optimist.logging.set_verbosity(before)


@pytest.mark.slow
@settings(max_examples=15, phases=[Phase.generate])  # to shrink a study takes minutes
@given(any_study())
def test_every_figure_is_made(study: Study) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in NAMES:
            figure = getattr(optimist.visualization, name)(study)
            layout = json.loads(figure.to_json())["layout"]
            for key, axis in layout.items():
                if key.startswith(("xaxis", "yaxis")) and "range" in axis and axis.get("type") != "date":
                    low, high = axis["range"]
                    assert low < high, (name, key)


@given(st.lists(values, max_size=30), st.sampled_from([True, False, None]))
def test_axes_of_values_are_finite_and_hold_the_best(found: list[float], is_minimized: bool | None) -> None:
    axis = value_axis("", np.array(found, float), is_minimized)
    assert_finite(axis)
    finite = [value for value in found if abs(value) <= 1e300]
    if finite and is_minimized is not None:
        assert axis.low <= (min(finite) if is_minimized else max(finite)) <= axis.high


@given(any_study())
def test_axes_of_parameters_are_finite(study: Study) -> None:
    for param in read_trials(study).params.values():
        axis = param_axis(param)
        assert_finite(axis)
        has = param.values[param.has].astype(float)
        places = axis.positions(has)
        assert ((places >= -1e-9) & (places <= 1 + 1e-9)).all()
        ticks, words = axis.ticks()
        assert 1 <= len(ticks) == len(words) <= 16


def assert_finite(axis: Axis) -> None:
    low, high = axis.limits
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert low < high


@given(any_study())
def test_best_so_far_is_the_studys(study: Study) -> None:
    (series,) = optimization_history(study, None, "Objective Value").series
    try:
        best = study.best_trial
    except ValueError:
        assert not np.isfinite(series.best).any() or not series.complete.n
        return
    assert series.best[-1] == best.value
    assert series.incumbent.numbers == [best.number]
