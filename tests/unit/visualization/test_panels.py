"""Slices, ranks and contours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import optimist
from optimist.visualization.data.contour import contour
from optimist.visualization.data.rank import ranks
from optimist.visualization.data.slice import slices
from tests.unit.visualization import studies

NAME = "Objective Value"


def test_slices_show_the_trials_that_have_the_parameter() -> None:
    data = slices(studies.varied(), None, None, NAME)
    act, lr, width = data.panels
    assert [panel.x.label for panel in data.panels] == ["act<i>", "lr", "width"]
    assert lr.points.numbers == [0, 2, 4, 5]
    assert width.points.numbers == [0, 2, 4]
    assert lr.points.x.tolist() == [0.01, 0.01, 0.01, 0.1]
    assert lr.points.y.tolist() == [0.5, 0.8, 0.95, 0.6]
    assert np.rint(act.points.x).tolist() == [0, 2, 0, 1]  # beside their category
    assert lr.infeasible.numbers == [4]
    assert lr.feasible.numbers == [0, 2, 5]
    assert data.best_number == 2


def test_slices_fill_rows() -> None:
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(6)), n_trials=3)
    data = slices(study, None, None, NAME)
    assert [(panel.row, panel.column) for panel in data.panels] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_pairs_form_a_triangle() -> None:
    data = ranks(studies.varied(), None, None, NAME)
    assert [(p.row, p.column, p.x.label, p.y.label) for p in data.panels] == [
        (0, 0, "act<i>", "lr"),
        (1, 0, "act<i>", "width"),
        (1, 1, "lr", "width"),
    ]
    assert data.panels[2].points.numbers == [0, 2, 4]


def test_rank_of_one_parameter_stands_against_the_value() -> None:
    (panel,) = ranks(studies.varied(), ["lr"], None, NAME).panels
    assert (panel.x.label, panel.y.label) == ("lr", NAME)


def test_ranks_count_from_the_best() -> None:
    data = ranks(studies.varied(), None, None, NAME)  # 0.5, 0.8, 0.95, 0.6 at trials 0, 2, 4, 5
    assert data.ranks[[0, 2, 4, 5]] == pytest.approx([1.0, 1 / 3, 0.0, 2 / 3])
    assert np.isnan(data.ranks[[1, 3, 6]]).all()


def test_of_many_points_a_sample_with_the_best_is_drawn() -> None:
    data = ranks(studies.large(2500), ["lr", "width"], None, NAME)
    (panel,) = data.panels
    assert 2000 <= panel.points.n <= 2002
    assert data.best_number in panel.points.numbers
    assert "2,000 of 2,500" in data.heading.subtitle


def test_contour_finds_the_valley() -> None:
    study = optimist.create_study()
    rng = np.random.default_rng(0)
    for lr, width in zip(10 ** rng.uniform(-5, 0, 400), rng.integers(8, 65, 400), strict=True):
        params = {"lr": float(lr), "width": int(width)}
        studies.add(study, float((np.log10(lr) + 2) ** 2 + ((width - 20) / 30) ** 2), params=params)
    data = contour(study, None, None, NAME)
    (surface,) = data.surfaces
    assert surface is not None
    row, column = np.unravel_index(np.nanargmin(surface.z), surface.z.shape)
    assert np.log10(surface.x[column]) == pytest.approx(-2, abs=0.3)
    assert surface.y[row] == pytest.approx(20, abs=6)
    assert data.value.low == np.nanmin(surface.z)


def test_contour_of_categories_is_their_mean() -> None:
    study = optimist.create_study()
    for k, act in enumerate(("relu", "relu", "$tanh$", "relu")):
        studies.add(study, float(k), params={"act<i>": act, "width": 8})
    data = contour(study, None, None, NAME)
    (surface,) = data.surfaces
    assert surface is not None
    assert surface.x.tolist() == [0, 1, 2]
    assert surface.z[0, :2] == pytest.approx([4 / 3, 2.0])
    assert np.isnan(surface.z[:, 2]).all()  # nobody tried None


def test_contour_says_nothing_where_nobody_was() -> None:
    study = optimist.create_study()
    for k in range(20):
        studies.add(study, 1.0, params={"lr": 1e-5 * (1 + k / 20), "width": 8 + k // 10})
    (surface,) = contour(study, None, None, NAME).surfaces
    assert surface is not None
    assert np.isnan(surface.z[-1, -1])
    assert surface.z[0, 0] == pytest.approx(1.0)


def test_contour_needs_two_parameters_and_three_trials() -> None:
    assert "at least two parameters" in contour(studies.single_parameter(), None, None, NAME).heading.message
    study = optimist.create_study()
    studies.add(study, 1.0, params={"lr": 0.1, "width": 9})
    assert contour(study, None, None, NAME).surfaces == (None,)


def test_many_parameters_are_cut_to_the_important_ones() -> None:
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed=0))

    def objective(trial: optimist.Trial) -> float:
        return sum(i * trial.suggest_float(f"x{i}", 0, 1) ** 2 for i in range(8))

    study.optimize(objective, n_trials=100)
    data = ranks(study, None, None, NAME)
    assert len(data.panels) == 10
    assert "the 5 most important of 8 parameters" in data.heading.subtitle
    assert "x7" in {panel.y.label for panel in data.panels}
    assert len(ranks(study, [f"x{i}" for i in range(8)], None, NAME).panels) == 28


@pytest.mark.parametrize("make", [slices, ranks, contour])
def test_arguments_are_checked(make: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="parameter 'zzz'"):
        make(studies.varied(), ["zzz"], None, NAME)
    with pytest.raises(ValueError, match="several objectives"):
        make(studies.multi_objective(), None, None, NAME)
