from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimist.visualization.data.objective import objective_of
from optimist.visualization.data.points import best_shown, explain_nothing, subtitle_of, thin, thin_rows
from optimist.visualization.data.trials import read_trials
from tests.unit.visualization import studies


def test_subtitles_count_what_became_of_the_trials() -> None:
    text = "best 0.8 in trial 2; 1 running, 5 complete, 1 pruned, 1 failed, 1 waiting, 1 infeasible"
    assert subtitle_of(read_trials(studies.varied())) == text
    assert subtitle_of(read_trials(studies.empty())) == ""


def test_why_there_is_nothing() -> None:
    assert explain_nothing(read_trials(studies.empty())) == "The study has no trials yet."
    assert explain_nothing(read_trials(studies.all_failed())) == "All 3 trials failed."
    study = studies.empty()
    study.ask()
    assert explain_nothing(read_trials(study)) == "No trial is complete yet."


def test_thinning_keeps_the_best_and_spreads_the_rest() -> None:
    losses = np.random.default_rng(0).permutation(1000).astype(float)
    kept = thin(losses, 100)
    assert len(np.unique(kept)) == 100
    assert set(np.flatnonzero(losses < 20)) <= set(kept)
    assert (np.diff(kept) > 0).all()
    assert thin(losses, 1000).tolist() == list(range(1000))


def test_incumbent_and_defaults_stay() -> None:
    study = studies.large(200)
    trials = read_trials(study)
    marked = replace(trials, default_number=7)
    objective = objective_of(study, marked, None, "value")
    kept = thin_rows(marked, objective, np.arange(trials.n), 10)
    assert len(kept) <= 12
    assert {7, best_shown(marked, objective, np.arange(trials.n))} <= set(kept.tolist())
