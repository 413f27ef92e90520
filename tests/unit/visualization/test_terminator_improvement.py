from __future__ import annotations

import json

import numpy as np
import pytest

import optimist
from optimist.study import Study
from optimist.terminator import BestValueStagnationEvaluator, StaticErrorEvaluator
from optimist.visualization.data.terminator_improvement import TerminatorImprovement, terminator_improvement
from optimist.visualization.matplotlib.terminator_improvement import draw as draw_in_matplotlib
from optimist.visualization.plotly.terminator_improvement import draw as draw_in_plotly
from tests.unit.visualization import studies


def study_of(*values: float) -> Study:
    study = optimist.create_study()
    for value in values:
        studies.add(study, value)
        studies.add(study, state="FAIL")
    return study


def judged(study: Study, *, plot_error: bool = True, min_n_trials: int = 3) -> TerminatorImprovement:
    stagnation = BestValueStagnationEvaluator(max_stagnation_trials=2)
    return terminator_improvement(study, plot_error, stagnation, StaticErrorEvaluator(1.0), min_n_trials)


def test_it_says_what_the_evaluators_would_have_said() -> None:
    data = judged(study_of(5.0, 4.0, 4.5, 6.0, 7.0))
    assert data.numbers.tolist() == [0, 2, 4, 6, 8]
    assert data.improvements.tolist() == [2, 2, 1, 0, -1]
    assert data.errors.tolist() == [1.0] * 5
    assert data.n_startup == 2
    assert data.stop_number == 6
    assert data.heading.subtitle.endswith("less than the error after trial 6")


def test_nothing_stops_before_the_minimum_or_without_an_error() -> None:
    study = study_of(5.0, 6.0, 7.0, 8.0)
    assert judged(study, min_n_trials=9).stop_number == -1
    assert judged(study, min_n_trials=9).n_startup == 4
    data = judged(study, plot_error=False)
    assert (len(data.errors), data.stop_number) == (0, -1)


def test_many_trials_are_judged_now_and_then() -> None:
    data = judged(study_of(*np.linspace(9, 0, 450).tolist()))
    assert len(data.numbers) == 100
    assert data.numbers[-1] == 898


def test_errors_default_as_in_a_terminator() -> None:
    data = terminator_improvement(study_of(1.0, 2.0), True, BestValueStagnationEvaluator(), None, 1)
    assert data.errors.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("n_startup", [1, 3, 99])
def test_both_faces_draw_it(n_startup: int) -> None:
    for values in ((5.0, 4.0, 4.5, 6.0, 7.0), (1.0,), ()):
        data = judged(study_of(*values), min_n_trials=n_startup)
        json.loads(draw_in_plotly(data).to_json())
        draw_in_matplotlib(data)


def test_what_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="single objective"):
        judged(studies.multi_objective())
    assert judged(studies.empty()).heading.message == "The study has no trials yet."
