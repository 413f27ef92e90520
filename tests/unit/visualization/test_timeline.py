from __future__ import annotations

import datetime

import pytest

import optimist
from optimist.visualization.data.timeline import KINDS, timeline
from tests.unit.visualization import studies


def test_bars() -> None:
    study = optimist.create_study()
    studies.add(study, 1.0, seconds=(0, 2))
    studies.add(study, state="FAIL", seconds=(1, 3))
    studies.add(study, 1.0, constraints={"c": 1.0}, seconds=(2, 5))
    studies.add(study, 1.0, "PRUNED", seconds=(3, 4))
    studies.add(study, state="WAITING")
    data = timeline(study)
    assert [KINDS[kind] for kind in data.kinds] == ["COMPLETE", "FAIL", "INFEASIBLE", "PRUNED"]
    assert ((data.ends_us - data.starts_us) / 1e6).tolist() == [2, 2, 3, 1]
    assert data.local_times(data.starts_us)[1] == studies.EPOCH + datetime.timedelta(seconds=1)
    assert data.heading.subtitle == "4 trials in 5 s; 1.6 at a time on average; 1 waiting"


def test_running_trials_last_until_the_last_event() -> None:
    study = studies.varied()  # the running trial begins now, long after the others or long before
    data = timeline(study)
    running = list(data.kinds).index(KINDS.index("RUNNING"))
    assert data.ends_us[running] >= data.starts_us[running]
    lone = studies.empty()
    lone.ask()
    data = timeline(lone)
    assert (data.ends_us > data.starts_us).all()


def test_only_the_latest() -> None:
    data = timeline(studies.single_parameter(), 2)
    assert data.trials.numbers[data.rows].tolist() == [2, 3]
    assert len(timeline(studies.single_parameter(), 99).rows) == 4
    with pytest.raises(ValueError, match=r"n_recent_trials must be at least 1.*but got 0"):
        timeline(studies.single_parameter(), 0)


def test_nothing_to_draw_is_said() -> None:
    assert timeline(studies.empty()).heading.message == "The study has no trials yet."
    study = studies.empty()
    study.enqueue_trial({"x": 1})
    assert timeline(study).heading.message == "No trial has started yet."
