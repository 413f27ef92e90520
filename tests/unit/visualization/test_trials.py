from __future__ import annotations

import numpy as np
import pytest

import optimist
from optimist.states import TrialState
from optimist.visualization.data.trials import choose_params, read_trials
from tests.unit.visualization import studies


def test_columns_stand_in_order_of_numbers() -> None:
    study = optimist.create_study()
    first, second = study.ask(), study.ask()
    second.suggest_float("x", 0, 1)
    study.tell(second, 2.0)
    study.tell(first, 1.0)
    trials = read_trials(study)
    assert trials.numbers.tolist() == [0, 1]
    assert trials.values[:, 0].tolist() == [1.0, 2.0]
    assert trials.params["x"].has.tolist() == [False, True]
    assert trials.best_number == 0


def test_open_trials_take_part() -> None:
    study = studies.varied()
    trials = read_trials(study)
    assert trials.n == 9
    assert trials.states[-2:].tolist() == [TrialState.RUNNING, TrialState.WAITING]
    assert trials.params["lr"].values[7] == 0.5
    assert trials.params["lr"].has.tolist() == [True] * 8 + [False]
    assert np.isnan(trials.values[7:, 0]).all()


def test_constraints_say_what_is_feasible() -> None:
    trials = read_trials(studies.varied())
    assert np.flatnonzero(~trials.is_feasible).tolist() == [4]
    assert trials.best_number == 2


def test_voided_trials_are_left_out() -> None:
    study = studies.single_parameter()
    study.void(2, "wrong data")
    trials = read_trials(study)
    assert trials.numbers.tolist() == [0, 1, 3]
    assert (trials.row_of(2), trials.row_of(3), trials.row_of(99), trials.row_of(-1)) == (-1, 2, -1, -1)


def test_defaults_are_known() -> None:
    assert read_trials(studies.with_default()).default_number == 0
    assert read_trials(studies.varied()).default_number == -1


def test_a_range_that_changes() -> None:
    study = optimist.create_study()
    study.optimize(lambda trial: trial.suggest_float("x", -1.0 - trial.number, 1.0), n_trials=2)
    (param,) = read_trials(study).params.values()
    assert [d.low for d in param.distributions] == [-1.0, -2.0]  # type: ignore[attr-defined]


def test_hover_texts_are_escaped() -> None:
    trials = read_trials(studies.varied())
    best, infeasible = trials.hover_texts([2, 4])
    assert best == "<b>Trial 2</b> (best)<br>value = 0.8<br>act&lt;i&gt;: None<br>lr: 0.01<br>width: 16"
    assert "(infeasible)" in infeasible
    assert trials.hover_texts([2], ["lr"]) == ["<b>Trial 2</b> (best)<br>value = 0.8<br>lr: 0.01"]


def test_hover_texts_name_the_metrics_and_end() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"])
    study.set_metric_names(["loss", "<speed>"])

    def objective(trial: optimist.Trial) -> tuple[float, float]:
        for i in range(30):
            trial.suggest_int(f"p{i:02}", 0, 9)
        return 1.0, 2.0

    study.optimize(objective, n_trials=1)
    (text,) = read_trials(study).hover_texts([0])
    assert text.split("<br>")[1:3] == ["loss = 1", "&lt;speed&gt; = 2"]
    assert text.endswith("<br>and 6 more")


def test_only_studies() -> None:
    with pytest.raises(TypeError, match="takes a study, but got 'name'"):
        read_trials("name")  # type: ignore[arg-type]


def test_parameters_are_chosen_in_alphabetical_order() -> None:
    trials = read_trials(studies.varied())
    assert [p.name for p in choose_params(trials, None)] == ["act<i>", "lr", "width"]
    assert [p.name for p in choose_params(trials, ["width", "lr", "lr"])] == ["lr", "width"]
    with pytest.raises(ValueError, match="parameter 'zzz'; it has: act<i>, lr, width"):
        choose_params(trials, ["zzz"])
