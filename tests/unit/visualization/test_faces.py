"""What plotly and Matplotlib draw."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import optimist
from optimist import visualization
from optimist.exceptions import MissingDependencyError
from optimist.visualization import matplotlib as in_matplotlib
from optimist.visualization import style
from tests.unit.visualization import studies

FEW_TRIALS = pytest.mark.filterwarnings("ignore:The good trials are all there are")  # too few for importances
FACES = [visualization, in_matplotlib]
ONE_OBJECTIVE = [
    "plot_comparison",
    "plot_contour",
    "plot_edf",
    "plot_intermediate_values",
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_param_importances",
    "plot_rank",
    "plot_slice",
    "plot_timeline",
]


def drawn(figure: Any) -> Any:
    """Render as far as can be without a browser, where mistakes show."""
    if hasattr(figure, "to_json"):
        return json.loads(figure.to_json())
    axes = np.ravel(figure)[0]
    axes.figure.set_layout_engine("none")  # takes most of the time; test_settings_of_matplotlib_stay has it
    axes.figure.set_dpi(30)
    axes.figure.canvas.draw()
    return axes


def test_faces_have_the_same_plots() -> None:
    names = [{name for name in dir(face) if name.startswith("plot_")} for face in FACES]
    assert names[0] == names[1]
    assert set(ONE_OBJECTIVE) | {"plot_pareto_front", "plot_hypervolume_history"} <= names[0]
    assert all(face.is_available() for face in FACES)


@pytest.mark.slow
@FEW_TRIALS
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("make", studies.ODD.values(), ids=studies.ODD)
def test_odd_studies_are_drawn(face: ModuleType, make: Callable[[], optimist.Study]) -> None:
    study = make()
    for name in ONE_OBJECTIVE:
        figure = getattr(face, name)(study)
        if face is visualization or make is studies.varied:  # Matplotlib takes its time to draw
            drawn(figure)


@pytest.mark.slow
@FEW_TRIALS
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("n_objectives", [2, 3])
def test_several_objectives_are_drawn(face: ModuleType, n_objectives: int) -> None:
    study = studies.multi_objective(n_objectives)
    for name in ("plot_pareto_front", "plot_timeline", "plot_parallel_coordinate", "plot_param_importances"):
        drawn(getattr(face, name)(study))
    drawn(face.plot_hypervolume_history(study, [9.0] * n_objectives))
    for name in ("plot_contour", "plot_edf", "plot_optimization_history", "plot_rank", "plot_slice"):
        with pytest.raises(ValueError, match="several objectives"):
            getattr(face, name)(study)
        drawn(getattr(face, name)(study, target=lambda trial: trial.values[0], target_name="first"))


@pytest.mark.slow
@pytest.mark.parametrize("face", FACES)
def test_several_studies_are_drawn(face: ModuleType) -> None:
    several = [studies.single_parameter(), studies.constrained(), studies.empty()]
    drawn(face.plot_optimization_history(several))
    drawn(face.plot_optimization_history(several, error_bar=True))
    drawn(face.plot_edf(several))
    drawn(face.plot_comparison(several))
    drawn(face.plot_comparison({"a": several[:1], "b": several[0], "c": [several[0], several[1]]}))


@pytest.mark.parametrize("name", ONE_OBJECTIVE)
def test_an_empty_study_is_said_to_be_empty(name: str) -> None:
    figure = getattr(visualization, name)(studies.empty())
    assert [a.text for a in figure.layout.annotations] == ["The study has no trials yet."]
    axes = getattr(in_matplotlib, name)(studies.empty())
    assert "The study has no trials yet." in [text.get_text() for text in axes.texts]


def test_traces_of_the_optimization_history() -> None:
    figure = visualization.plot_optimization_history(studies.varied())
    assert [trace.name for trace in figure.data] == [
        "Objective Value",
        "Best Value",
        "Infeasible Trial",
        "Pruned",
        "Failed",
        "Best",
    ]
    assert figure.data[-1].x.tolist() == [2]
    figure = visualization.plot_optimization_history(studies.with_default())
    assert figure.data[-2].name == "Defaults"
    assert figure.data[-2].y.tolist() == [1.0]


def test_axes_are_logarithmic_where_the_space_is() -> None:
    figure = visualization.plot_slice(studies.varied())
    assert [figure.layout[axis].type for axis in ("xaxis", "xaxis2", "xaxis3")] == [None, "log", None]
    assert figure.layout.xaxis.ticktext == ("relu", "$tanh$", "None")
    axes = in_matplotlib.plot_slice(studies.varied())
    assert [a.get_xscale() for a in axes] == ["linear", "log", "linear"]
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["relu", r"\$tanh\$", "None"]


def test_names_of_users_are_shown_literally() -> None:
    study = studies.varied()
    text = visualization.plot_parallel_coordinate(study).to_json()
    assert "act&lt;i&gt;" in json.loads(text)["layout"]["xaxis"]["ticktext"][1]
    assert "<i>" not in text.replace("\\u003c", "<").replace("\\u003e", ">")
    axes = in_matplotlib.plot_edf([study, studies.single_parameter()])
    drawn(axes)
    label = axes.get_legend_handles_labels()[1][0]
    assert label == "\u200b_varied <b>\\$x\\$</b>"  # a leading underscore would hide it


@pytest.mark.slow
def test_many_points_are_drawn_by_webgl_and_few_are_not() -> None:
    few = visualization.plot_optimization_history(studies.single_parameter())
    assert few.data[0].type == "scatter"
    many = visualization.plot_optimization_history(studies.large(5100))
    assert many.data[0].type == "scattergl"
    assert many.data[0].marker.opacity < 0.4 < few.data[0].marker.opacity
    assert many.data[0].marker.size < few.data[0].marker.size


def test_settings_of_matplotlib_stay() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    in_matplotlib.plot_slice(studies.varied())[0].figure.canvas.draw()
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("library", "face"), [("plotly", "optimist.visualization"), ("matplotlib", "optimist.visualization.matplotlib")]
)
def test_missing_library_is_named(library: str, face: str) -> None:
    code = f"""
import sys
sys.modules["{library}"] = None
import optimist, importlib
face = importlib.import_module("{face}")
assert not face.is_available()
try:
    face.plot_edf(optimist.create_study())
except optimist.exceptions.MissingDependencyError as error:
    assert "pip install 'optimist[plots]'" in str(error), error
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert issubclass(MissingDependencyError, ImportError)


def test_names_cost_nothing_until_they_are_used() -> None:
    code = """
import sys
import optimist
optimist.visualization.plot_slice, optimist.visualization.matplotlib.plot_slice
assert not {"plotly", "matplotlib"} & set(sys.modules), sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_colours() -> None:
    assert style.sequence_color(0.0) == (0x44, 0x01, 0x54)
    assert style.sequence_color(1.0) == (0xFD, 0xE7, 0x25)
    assert style.with_opacity("#0072b2", 0.5) == "rgba(0,114,178,0.5)"
