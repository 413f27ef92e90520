"""What notebooks show of studies and trials."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

import optimist
from optimist.states import TrialState

EVIL = "<script>alert('&')</script>\"'"


class Cells(HTMLParser):
    """The text of a table's cells by row; fails on any tag or attribute that could do harm."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"div", "strong", "table", "tbody", "tr", "td", "th"}
        assert {name for name, _ in attrs} <= {"style", "colspan"}
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def shown(thing: Any) -> list[list[str]]:
    return Cells(thing._repr_html_()).rows


def test_study() -> None:
    study = optimist.create_study(study_name=EVIL, direction="maximize")
    assert shown(study) == [["goal", "maximize"], ["trials", "none yet"]]
    study.set_metric_names(["<b>accuracy"])
    study.optimize(lambda trial: trial.suggest_float("x<i>", 0, 1, default=0.25), n_trials=1)
    study.enqueue_trial({"x<i>": 0.75})
    study.optimize(lambda trial: trial.suggest_float("x<i>", 0, 1, default=0.25), n_trials=1)
    study.ask()
    assert shown(study) == [
        ["goal", "maximize <b>accuracy"],
        ["trials", "1 running, 2 complete"],
        ["best value", "0.75 (trial 1)"],
        ["value of the defaults", "0.25 (trial 0)"],
        ["best parameters"],
        ["x<i>", "0.75"],
    ]
    assert "<script" not in study._repr_html_()


def test_study_of_several_objectives() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"])
    study.add_trial(optimist.create_trial(values=[1.0, 2.0]))
    assert shown(study) == [["goal", "minimize, maximize"], ["trials", "1 complete"], ["Pareto front", "1 trial"]]


def test_trial() -> None:
    trial = optimist.create_trial(
        value=0.1234567,
        params={EVIL: "<b>"},
        distributions={EVIL: optimist.distributions.CategoricalDistribution(("<b>", None))},
        user_attrs={"note": EVIL, "long": "x" * 1000},
        intermediate_values={1: 0.5, 7: 0.25},
        constraints={"memory": 0.5, "time": -1.0},
    )
    rows = shown(trial)
    assert ["state", "complete"] in rows
    assert ["value", "0.123457"] in rows
    assert ["constraint memory", "0.5 (violated)"] in rows
    assert ["constraint time", "-1"] in rows
    assert ["last report", "0.25 at step 7"] in rows
    assert [EVIL, "'<b>'"] in rows
    assert max(len(cell) for row in rows for cell in row) == 120
    assert "<script" not in trial._repr_html_()


def test_trial_of_several_objectives_and_many_parameters() -> None:
    params = {f"p{i}": i for i in range(100)}
    trial = optimist.create_trial(
        values=[1.0, 2.0],
        params=params,
        distributions=dict.fromkeys(params, optimist.distributions.IntDistribution(0, 100)),
    )
    rows = shown(trial)
    assert ["value 1", "2"] in rows
    assert rows[-1] == ["…", "and 60 more"]


def test_running_and_void_trials() -> None:
    study = optimist.create_study()
    trial = study.ask()
    trial.suggest_int("n", 3, 3)
    assert shown(trial) == [["state", "running"], ["parameters"], ["n", "3"]]
    study.tell(trial, state=TrialState.FAIL)
    study.void(0, "out of <memory>")
    assert ["state", "failed, void: out of <memory>"] in shown(study.trials[0])


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinite_values(value: float) -> None:
    assert ["value", str(value)] in shown(optimist.create_trial(value=value))
