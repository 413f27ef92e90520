from __future__ import annotations

import numpy as np
import pytest

import optimist
from optimist.states import TrialState
from optimist.trial import create_trial
from optimist.visualization.data.intermediate_values import intermediate_values
from tests.unit.visualization import studies


def test_curves_of_complete_pruned_and_running_trials() -> None:
    data = intermediate_values(studies.varied())
    assert [curve.number for curve in data.curves] == [0, 1, 2, 7]
    assert data.curves[1].steps.tolist() == [1, 2]
    assert data.curves[1].values.tolist() == [0.1, 0.3]
    assert data.best is data.curves[2]
    assert [(kind, [c.number for c in curves]) for kind, _, curves in data.kinds()] == [
        ("Pruned", [1]),
        ("Complete", [0]),
        ("Running", [7]),
    ]


def test_steps_ascend_whatever_the_order_of_reports() -> None:
    study = optimist.create_study()
    trial = study.ask()
    for step in (5, 1, 3):
        trial.report(float(step), step)
    for _ in range(2):  # while it runs, and when it is finished
        (curve,) = intermediate_values(study).curves
        assert curve.steps.tolist() == curve.values.tolist() == [1, 3, 5]
        study.tell(trial, 1.0, skip_if_finished=True)


def test_of_many_curves_the_best_are_drawn() -> None:
    rng = np.random.default_rng(0)
    study = optimist.create_study()
    finals = rng.permutation(1500).astype(float)
    study.add_trials([create_trial(value=v, intermediate_values={0: 2000.0, 1: v}) for v in finals])
    data = intermediate_values(study)
    assert len(data.curves) == 1000
    assert set(np.argsort(finals)[:200]) <= {curve.number for curve in data.curves}
    assert data.heading.subtitle.endswith("1,000 of 1,500 curves, the best among them")
    assert data.best in data.curves


def test_nan_reports_and_none() -> None:
    study = optimist.create_study()
    study.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values={0: float("nan")}))
    (curve,) = intermediate_values(study).curves
    assert np.isnan(curve.values).all()
    assert "call trial.report" in intermediate_values(studies.one_trial()).heading.message
    assert "no trials" in intermediate_values(studies.empty()).heading.message


def test_metrics_by_name() -> None:
    study = optimist.create_study()
    for finish in (True, False):
        trial = study.ask()
        trial.report({"loss": 2.0, "accuracy": 0.5}, 0)
        trial.report({"loss": 1.0, "accuracy": 0.75}, 3)
        if finish:
            study.tell(trial, 1.0)
    data = intermediate_values(study)
    assert data.value.label == "loss"
    for metric, values in ((None, [2.0, 1.0]), ("loss", [2.0, 1.0]), ("accuracy", [0.5, 0.75])):
        curves = intermediate_values(study, metric).curves
        assert [(curve.steps.tolist(), curve.values.tolist()) for curve in curves] == [([0, 3], values)] * 2
    assert intermediate_values(study, "accuracy").value.label == "accuracy"
    with pytest.raises(ValueError, match="reported a metric 'speed'"):
        intermediate_values(study, "speed")
