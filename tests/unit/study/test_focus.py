"""Focusing the rest of the budget."""

from __future__ import annotations

import math
from typing import Any

import pytest

import optimist
from optimist.history.attributes import FOCUS_KEY, PROBE_KEY
from optimist.history.focusing import focus_of
from optimist.samplers import FocusedSampler, GridSampler, RandomSampler, TPESampler
from optimist.states import TrialState
from tests.unit.study.conftest import MakeStudy


def bowl(trial: Any) -> float:
    """x matters most, in a small part of its range; noise does nothing."""
    x = math.log10(trial.suggest_float("x", 1e-6, 1.0, log=True))
    n = trial.suggest_int("n", 0, 100, step=5)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    trial.suggest_float("nothing", 0, 1)
    return 3 * abs(x + 3) + abs(n - 40) / 100 + {"a": 0.0, "b": 4.0, "c": 5.0}[kind]


def searched(make_study: MakeStudy, n_trials: int = 60, **arguments: Any) -> optimist.Study:
    study = make_study(sampler=TPESampler(seed=1), **arguments)
    study.optimize(bowl, n_trials=n_trials)
    return study


def treatments(report: Any) -> dict[str, str]:
    return {p.name: p.treatment for p in report.parameters}


def test_fixes_and_narrows(make_study: MakeStudy) -> None:
    study = searched(make_study, 100)
    best = study.best_trial.params
    report = study.focus(budget=40)
    assert treatments(report)["x"] == "narrowed"
    assert treatments(report)["kind"] == "fixed"
    assert report.since == 100
    study.optimize(bowl, n_trials=20)
    trials = study.trials[100:]
    focused = [t for t in trials if PROBE_KEY not in t.system_attrs]
    probes = [t for t in trials if PROBE_KEY in t.system_attrs]
    assert [t.number for t in probes] == [109, 119]
    assert all(t.params["kind"] == best["kind"] for t in focused)
    assert all(1e-5 < t.params["x"] < 1e-1 for t in focused)
    assert trials[0].distributions == study.trials[0].distributions  # what was searched stays known
    assert {t.system_attrs[PROBE_KEY] for t in probes} <= set(treatments(report))
    found = study.focused
    assert found is not None
    assert (found.n_trials, found.n_probes) == (20, 2)
    assert "20 trials have finished, 2 of them probes" in " ".join(str(found).split())


def test_probes_are_outside(make_study: MakeStudy) -> None:
    study = searched(make_study, 100)
    study.focus()
    study.optimize(lambda trial: bowl(trial) + 100, n_trials=40)  # so that nothing is taken back
    focus = {p.name: p for p in study.focused.parameters}  # type: ignore[union-attr]
    for trial in study.trials[100:]:
        probed = trial.system_attrs.get(PROBE_KEY)
        if probed is None:
            continue
        if focus[probed].treatment == "fixed":
            assert trial.params[probed] != study.best_params[probed]
        else:
            low, high = map(float, focus[probed].where.split(" to "))
            assert not low * 1.001 < trial.params[probed] < high * 0.999


def test_a_better_trial_outside_takes_it_back(make_study: MakeStudy) -> None:
    study = searched(make_study, 100, study_name="back")
    report = study.focus()
    assert "kind" in [p.name for p in report.parameters if p.treatment == "fixed"]
    study.enqueue_trial({"x": 1e-3, "n": 40, "kind": "c", "nothing": 0.5})

    def changed(trial: Any) -> float:
        return bowl(trial) - 100 * (trial.params["kind"] == "c")

    study.optimize(changed, n_trials=1)
    found = study.focused
    assert found is not None
    assert "kind" in [p.name for p in found.taken_back]
    assert "Taken back: kind, for trial 100" in str(found)
    study.optimize(changed, n_trials=20)
    assert any(t.params["kind"] == "c" for t in study.trials[101:])
    elsewhere = optimist.load_study(study_name="back", storage=study._storage)
    assert elsewhere.focused == study.focused


def test_narrowed_range_follows_the_best(make_study: MakeStudy) -> None:
    study = searched(make_study, 100)
    before = next(p for p in study.focus().parameters if p.name == "x")
    low, high = map(float, before.where.split(" to "))
    study.enqueue_trial({"x": low * 1.01, "n": 40, "kind": "a", "nothing": study.best_params["nothing"]})
    study.optimize(lambda trial: bowl(trial) - 100, n_trials=1)
    after = next(p for p in study.focused.parameters if p.name == "x")  # type: ignore[union-attr]
    assert after.taken_back_by is None
    assert float(after.where.split(" to ")[0]) < 0.8 * low
    assert float(after.where.split(" to ")[1]) == high


def test_small_budget_fixes_more(make_study: MakeStudy) -> None:
    report = searched(make_study, 60).focus(budget=5)
    assert [p.treatment for p in report.parameters][1:] == ["fixed"] * 3
    assert "the budget is too small" in str(report)


def test_lineage_and_another_focus(make_study: MakeStudy) -> None:
    study = searched(make_study, 40, study_name="line")
    study.focus()
    study.optimize(bowl, n_trials=10)
    report = study.focus(budget=20)
    assert (report.since, report.n_earlier, report.budget) == (50, 1, 20)
    records = study.ledger.history.system_attrs[FOCUS_KEY]
    assert [record["since"] for record in records] == [40, 50]
    assert isinstance(study.sampler, FocusedSampler)
    assert not isinstance(study.sampler.base_sampler, FocusedSampler)


def test_workers_with_the_same_view_agree(make_study: MakeStudy) -> None:
    study = searched(make_study, 40, study_name="both")
    study.sampler = TPESampler(seed=3)
    study.focus()
    other = optimist.load_study(study_name="both", storage=study._storage, sampler=FocusedSampler(TPESampler(seed=3)))
    trial = study.ask()
    params = (bowl(trial), trial.params)[1]
    study.tell(trial, state=TrialState.FAIL)
    plan = other.sampler._plan(focus_of(other.view()), trial.number)  # type: ignore[attr-defined]
    assert {name for name, r in plan.restrictions.items() if r.is_fixed} <= params.keys()
    for name, restriction in plan.restrictions.items():
        column = other.view().column(name)
        assert restriction.holds(column[-1])


def test_conditional_parameters(make_study: MakeStudy) -> None:
    def branches(trial: Any) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return float(trial.suggest_float("x", 0, 1) ** 2)
        return 2.0 + float(trial.suggest_float("y", 0, 1) ** 2)

    study = make_study(sampler=TPESampler(seed=0))
    study.optimize(branches, n_trials=40)
    assert treatments(study.focus())["y"] == "searched"
    study.optimize(branches, n_trials=20)
    assert study.focused is not None


def test_deterministic_mode(make_study: MakeStudy) -> None:
    def run() -> list[dict[str, Any]]:
        study = make_study(sampler=TPESampler(seed=0))
        study.optimize(bowl, n_trials=30)
        study.focus()
        study.optimize(bowl, n_trials=15, n_jobs=2, deterministic=2)
        assert any(PROBE_KEY in trial.system_attrs for trial in study.trials)
        return [trial.params for trial in study.trials]

    assert run() == run()


def test_what_it_refuses(make_study: MakeStudy) -> None:
    study = searched(make_study, 19)
    with pytest.raises(ValueError, match="needs 20 complete trials"):
        study.focus()
    with pytest.raises(ValueError, match="budget="):
        study.focus(budget=0)
    assert study.focused is None
    study.sampler = GridSampler({"x": [1.0]})
    with pytest.raises(ValueError, match="to its end"):
        study.focus()
    with pytest.raises(RuntimeError, match="single objective"):
        make_study(directions=["minimize", "minimize"]).focus()
    with pytest.raises(ValueError, match="probe_every"):
        FocusedSampler(RandomSampler(), probe_every=1)
