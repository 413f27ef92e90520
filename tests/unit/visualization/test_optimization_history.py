from __future__ import annotations

import numpy as np
import pytest

import optimist
from optimist.visualization.data.optimization_history import optimization_history
from tests.unit.visualization import studies

NAME = "Objective Value"


def test_kinds_of_trials_are_told_apart() -> None:
    (series,) = optimization_history(studies.varied(), None, NAME).series
    assert series.complete.numbers == [0, 2, 5, 6]
    assert series.infeasible.numbers == [4]
    assert series.pruned.numbers == [1]
    assert series.failed.numbers == [3]
    assert series.incumbent.numbers == [2]
    assert series.incumbent.y.tolist() == [0.8]
    assert series.default.n == 0


def test_best_value_ignores_what_does_not_count() -> None:
    (series,) = optimization_history(studies.varied(), None, NAME).series
    assert series.best.tolist() == [0.5, 0.5, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]


def test_best_value_begins_with_the_first_value() -> None:
    study = studies.all_failed()
    studies.add(study, 2.0)
    (series,) = optimization_history(study, None, NAME).series
    assert np.isnan(series.best[:3]).all()
    assert series.best[3] == 2.0


def test_very_many_trials_with_pruned_ones_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimist.visualization.plotly.figure.N_SVG", 3)
    figure = optimist.visualization.plot_optimization_history(studies.varied())
    assert {trace.type for trace in figure.data if trace.name == "Pruned"} == {"scattergl"}


def test_target_has_no_best() -> None:
    data = optimization_history(studies.varied(), lambda trial: trial.number * 10.0, "tenfold")
    (series,) = data.series
    assert series.complete.y.tolist() == [0.0, 20.0, 50.0, 60.0]
    assert len(series.best) == series.incumbent.n == series.pruned.n == 0
    assert data.value.label == "tenfold"


def test_metric_names_label_the_axis() -> None:
    study = studies.one_trial()
    study.set_metric_names(["loss"])
    assert optimization_history(study, None, NAME).value.label == "loss"
    assert optimization_history(study, None, "mine").value.label == "mine"


def test_mean_over_studies() -> None:
    a, b = optimist.create_study(), optimist.create_study()
    for value in (4.0, 2.0, 3.0):
        studies.add(a, value)
    for value in (2.0, 4.0):
        studies.add(b, value)
    data = optimization_history([a, b], None, NAME, error_bar=True)
    assert data.mean is not None
    assert data.mean.numbers.tolist() == [0, 1, 2]
    assert data.mean.mean.tolist() == [3.0, 3.0, 3.0]
    assert data.mean.std.tolist() == [1.0, 1.0, 0.0]
    assert data.mean.best_mean.tolist() == [3.0, 2.0, 2.0]


def test_values_beyond_the_picture_are_counted() -> None:
    study = optimist.create_study()
    for k in range(20):
        studies.add(study, float(k))
    studies.add(study, 1e9)
    assert optimization_history(study, None, NAME).heading.subtitle.endswith("; 1 value lies beyond the picture")


def test_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match=r"several objectives.*target=lambda"):
        optimization_history(studies.multi_objective(), None, NAME)
    with pytest.warns(UserWarning, match="Say with target_name"):
        optimization_history(studies.one_trial(), lambda trial: 1.0, NAME)
    with pytest.raises(ValueError, match="for trial 0 it returned 'high'"):
        optimization_history(studies.one_trial(), lambda trial: "high", "x")  # type: ignore[arg-type, return-value]
    for wrong in (3, [3]):
        with pytest.raises(TypeError, match="takes a study, but got 3"):
            optimization_history(wrong, None, NAME)  # type: ignore[arg-type]


def test_nothing_to_draw_is_said() -> None:
    assert optimization_history([], None, NAME).heading.message == "There are no studies."
    assert optimization_history(studies.all_failed(), None, NAME).heading.message == "All 3 trials failed."
