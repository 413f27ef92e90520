"""Several metrics per step: reports by name, and what becomes of them."""

from __future__ import annotations

import copy
import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.cli.app import app
from optimist.exceptions import TrialPruned
from optimist.storages import InMemoryStorage, RetryHeartbeatStaleTrialCallback
from optimist.trial import TrialState, create_trial

ROWS: dict[int, dict[str, float]] = {
    0: {"loss": 1.0, "accuracy": 0.5},
    1: {"loss": math.inf, "accuracy": 0.6},
    5: {"loss": 0.25, "seconds": 3.0},
}


def report_all(trial: optimist.Trial) -> None:
    for step, row in ROWS.items():
        trial.report(dict(reversed(row.items())) if step else row, step)


def test_metrics_are_kept_by_step_and_name(study: optimist.Study) -> None:
    trial = study.ask()
    report_all(trial)
    for frozen in (trial.freeze(), study.tell(trial, 0.5), study.trials[0], copy.deepcopy(study.trials[0])):
        assert frozen.intermediate_metrics == ROWS
        assert [list(row) for row in frozen.intermediate_metrics.values()] == [list(row) for row in ROWS.values()]
        assert frozen.intermediate_values == {0: 1.0, 1: math.inf, 5: 0.25}
        assert frozen.last_step == 5
        assert "intermediate_metrics" in repr(frozen)


def test_plain_reports_have_no_names(study: optimist.Study) -> None:
    trial = study.ask()
    trial.report(1.0, 0)
    assert study.tell(trial, 0.5).intermediate_metrics == {}
    assert "intermediate_metrics" not in repr(study.trials[0])


def test_metrics_of_a_running_trial_travel(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    study = optimist.create_study(study_name="s", storage=storage)
    trial = study.ask()
    report_all(trial)
    again = pickle.loads(pickle.dumps(trial))
    again.report({"accuracy": 0.7, "loss": 0.125}, 6)
    study.ledger.sync()
    assert study.trials[0].intermediate_metrics == {**ROWS, 6: {"loss": 0.125, "accuracy": 0.7}}
    assert optimist.load_study(storage=storage).trials[0].intermediate_metrics == study.trials[0].intermediate_metrics


def test_metrics_are_copied_with_the_study(study: optimist.Study, tmp_path: Path) -> None:
    for state in (TrialState.COMPLETE, None):
        trial = study.ask()
        report_all(trial)
        if state:
            study.tell(trial, 0.5, state)
    study.void(0, "to see that it keeps them")
    for url in (f"sqlite:///{tmp_path}/copy.db", f"journal://{tmp_path}/copy.journal", InMemoryStorage()):
        optimist.copy_study(from_study_name=study.study_name, from_storage=study._storage, to_storage=url)
        copied = optimist.load_study(study_name=study.study_name, storage=url)
        assert [trial.intermediate_metrics for trial in copied.trials] == [ROWS, ROWS]


def test_second_report_of_a_step_is_ignored(study: optimist.Study) -> None:
    trial = study.ask()
    trial.report({"loss": 1.0, "accuracy": 0.5}, 0)
    with pytest.warns(UserWarning, match="step 0 before"):
        trial.report({"loss": 2.0, "accuracy": 0.25, "seconds": 1.0}, 0)
    assert trial.freeze().intermediate_metrics == {0: {"loss": 1.0, "accuracy": 0.5}}


@pytest.mark.parametrize(
    ("row", "error", "text"),
    [
        ({}, ValueError, "at least one metric"),
        ({"accuracy": 0.5}, ValueError, "named the metric 'loss' first.*has 'accuracy' only"),
        ({"loss": "low"}, TypeError, "number as metric 'loss', but got 'low'"),
        ({"loss": 1.0, "accuracy": None}, TypeError, "number as metric 'accuracy', but got None"),
        ({"loss": 1.0, 3: 0.5}, TypeError, "text as name of a metric, but got 3"),
        (0.5, ValueError, "reports a number alone, but its earlier reports had names"),
    ],
)
def test_bad_reports_are_refused(study: optimist.Study, row: Any, error: type[Exception], text: str) -> None:
    trial = study.ask()
    trial.report({"loss": 1.0, "accuracy": 0.5}, 0)
    with pytest.raises(error, match=text):
        trial.report(row, 1)
    assert trial.freeze().intermediate_metrics == {0: {"loss": 1.0, "accuracy": 0.5}}


def test_names_after_plain_reports_are_refused(study: optimist.Study) -> None:
    trial = study.ask()
    trial.report(1.0, 0)
    with pytest.raises(ValueError, match="reports names, but its earlier reports had a number alone"):
        trial.report({"loss": 0.5}, 1)


def test_names_that_no_store_can_hold_are_refused(tmp_path: Path) -> None:
    trial = optimist.create_study(storage=f"sqlite:///{tmp_path}/s.db").ask()
    for name in ("nul\0", "x" * 513):
        with pytest.raises(ValueError, match="A metric's name"):
            trial.report({"loss": 1.0, name: 0.5}, 0)
    trial.report({"loss": 1.0}, 0)


def test_judged_by_the_first_metric() -> None:
    """The first metric, whatever the order in later reports; the other one would say the contrary."""
    study = optimist.create_study(pruner=optimist.pruners.MedianPruner(n_startup_trials=1))

    def objective(trial: optimist.Trial) -> float:
        for step in range(3):
            trial.report({"loss": float(trial.number), "accuracy": -float(trial.number)}, step)
            if trial.should_prune():
                raise TrialPruned
        return float(trial.number)

    study.optimize(objective, n_trials=3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "PRUNED"]
    assert study.trials[1].value == 1.0


def test_objective_that_is_not_named_first_is_warned_of() -> None:
    study = optimist.create_study(direction="maximize")
    study.set_metric_names(["accuracy"])
    trial = study.ask()
    with pytest.warns(UserWarning, match="reports 'loss' first.*objective of the study is 'accuracy'"):
        trial.report({"loss": 1.0, "accuracy": 0.5}, 0)
    trial.report({"accuracy": 0.5, "loss": 1.0}, 1)


class TestSeveralObjectives:
    def test_plain_reports_are_refused_and_names_are_not(self) -> None:
        study = optimist.create_study(directions=["minimize", "maximize"])
        trial = study.ask()
        with pytest.raises(NotImplementedError, match="one objective"):
            trial.report(1.0, 0)
        trial.report({"loss": 1.0, "accuracy": 0.5, "seconds": 9.0}, 0)
        trial.report({"accuracy": 0.75, "loss": 0.5}, 1)
        study.tell(trial, state=TrialState.PRUNED)
        assert study.trials[0].values == [0.5, 0.75]

    def test_names_of_the_study_come_before_the_order(self) -> None:
        study = optimist.create_study(directions=["minimize", "maximize"])
        study.set_metric_names(["loss", "accuracy"])
        trial = study.ask()
        trial.report({"seconds": 9.0, "accuracy": 0.5, "loss": 1.0}, 0)
        study.tell(trial, state=TrialState.PRUNED)
        assert study.trials[0].values == [1.0, 0.5]

    @pytest.mark.parametrize("last", [{"loss": 1.0}, {"loss": 1.0, "accuracy": math.nan}])
    def test_pruned_without_all_objectives_has_no_values(self, last: dict[str, float]) -> None:
        study = optimist.create_study(directions=["minimize", "maximize"])
        trial = study.ask()
        trial.report({"loss": 1.0, "accuracy": 0.5}, 0)
        trial.report(last, 1)
        study.tell(trial, state=TrialState.PRUNED)
        assert study.trials[0].values is None


def test_trials_are_made_with_metrics() -> None:
    trial = create_trial(value=0.5, intermediate_metrics=ROWS)
    assert trial.intermediate_values == {0: 1.0, 1: math.inf, 5: 0.25}
    study = optimist.create_study()
    study.add_trial(trial)
    assert study.trials[0].intermediate_metrics == ROWS
    for values, rows in (({0: 2.0}, {0: {"loss": 1.0}}), ({0: 1.0}, {0: {"loss": 1.0}, 1: {"accuracy": 1.0}})):
        with pytest.raises(ValueError, match="`intermediate_metrics` must"):
            create_trial(value=0.5, intermediate_values=values, intermediate_metrics=rows)


def test_retry_inherits_metrics_with_the_values() -> None:
    lost = create_trial(state=TrialState.FAIL, intermediate_metrics=ROWS)
    lost.number = 0
    retry = RetryHeartbeatStaleTrialCallback(inherit_intermediate_values=True).retry_of(lost)
    assert retry is not None
    assert retry.intermediate_metrics == ROWS
    fresh = RetryHeartbeatStaleTrialCallback().retry_of(lost)
    assert fresh is not None
    assert fresh.intermediate_metrics == {}


def test_known_trials_take_named_reports() -> None:
    optimist.trial.FixedTrial({}).report({"loss": 1.0}, 0)
    create_trial(value=1.0).report({"loss": 1.0}, 0)


def test_table_has_a_column_for_each_metric_and_step(study: optimist.Study) -> None:
    for state in (TrialState.PRUNED, TrialState.COMPLETE):
        trial = study.ask()
        if state == TrialState.PRUNED:
            report_all(trial)
        study.tell(trial, 0.5 if state == TrialState.COMPLETE else None, state)
    frame = study.trials_dataframe(attrs=("number", "intermediate_metrics"))
    names = ["loss_0", "loss_1", "loss_5", "accuracy_0", "accuracy_1", "seconds_5"]
    assert list(frame.columns) == ["number", *(f"intermediate_metrics_{name}" for name in names)]
    assert frame.iloc[0].tolist() == [0, 1.0, math.inf, 0.25, 0.5, 0.6, 3.0]
    assert frame.iloc[1, 1:].isna().all()


def test_command_line_shows_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    study = optimist.create_study(study_name="digits", storage=url)
    trial = study.ask()
    trial.report({"loss": 1.0, "accuracy": 0.5}, 0)
    study.tell(trial, 1.0)
    app(["trials", "--storage", url, "--study-name", "digits", "--format", "json"], standalone_mode=False)
    (record,) = json.loads(capsys.readouterr().out)
    assert record["intermediate_metrics"] == {"loss_0": 1.0, "accuracy_0": 0.5}
