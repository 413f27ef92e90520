"""Which pruner a replay recommends."""

from __future__ import annotations

import numpy as np
import pytest

import optimist
from optimist.pruners import (
    Candidate,
    MedianPruner,
    NopPruner,
    PrunerComparison,
    PrunerScore,
    Recording,
    compare_pruners,
)
from optimist.pruners.comparison import usual_steps
from optimist.pruners.lineup import lineup
from optimist.states import TrialState
from optimist.trial import create_trial

QUICK = [
    Candidate("NopPruner()", NopPruner),
    Candidate("MedianPruner()", MedianPruner),
    Candidate("MedianPruner(n_warmup_steps=6)", lambda: MedianPruner(n_warmup_steps=6)),
]


def early_and_late(n: int = 40) -> Recording:
    """Curves that say after 6 of 12 steps what they are worth, and before that the opposite."""
    quality = np.random.default_rng(0).permutation(n) / n
    curves = np.concatenate([np.repeat(-quality[:, None], 6, axis=1), np.repeat(quality[:, None], 6, axis=1)], axis=1)
    return Recording.of_arrays(curves, direction="maximize")


def test_the_warm_up_that_is_needed_is_recommended() -> None:
    comparison = compare_pruners(early_and_late(), QUICK, n_orders=20)
    assert [score.code for score in comparison.scores] == [
        "MedianPruner()",
        "MedianPruner(n_warmup_steps=6)",
        "NopPruner()",
    ]
    best = comparison.recommended
    assert best is not None
    assert best.code == "MedianPruner(n_warmup_steps=6)"
    assert best.steps < 0.9
    assert comparison.tolerance == pytest.approx(0.01 * (39 / 40 - 0.4875))
    assert comparison.sentences[0].startswith("Recommended: MedianPruner(n_warmup_steps=6). It made")
    assert len(comparison.sentences) == 1


def test_scores_are_those_of_the_replay() -> None:
    comparison = compare_pruners(early_and_late(), QUICK, n_orders=20, n_trials=10)
    without, blind = comparison.scores[-1], comparison.scores[0]
    assert (without.steps, without.regret, without.regret_90, without.stopped, without.leads_stopped) == (1, 0, 0, 0, 0)
    assert without.n_leads > 0
    assert blind.regret > comparison.tolerance
    assert blind.leads_stopped > 0.3
    assert 0 < blind.stopped < 1
    assert all(score.n_orders == 20 and score.seconds_per_decision > 0 for score in comparison.scores)


def score(code: str, steps: float, regret: float, n_leads_stopped: int = 0) -> PrunerScore:
    return PrunerScore(code, 10, steps, regret, regret, 0.5, 100, n_leads_stopped, 1e-5)


def test_both_limits_hold() -> None:
    scores = (score("a", 0.2, 0.5), score("b", 0.3, 0.01, 20), score("c", 0.4, 0.01, 5), score("d", 0.5, 0.0))
    comparison = PrunerComparison(scores, 0.01, 0.05, 50)
    assert comparison.recommended is scores[2]
    assert PrunerComparison(scores[:2], 0.01, 0.05, 50).recommended is None
    assert "Do not prune" in PrunerComparison(scores[:2], 0.01, 0.05, 50).sentences[0]


def test_weak_evidence_is_called_so() -> None:
    comparison = compare_pruners(early_and_late(10), QUICK, n_orders=3, n_left_out=7)
    assert "With 10 trials that is little more than a guess" in comparison.sentences[1]
    assert comparison.sentences[2].startswith("7 pruned trials are left out")


def test_the_lineup_fits_the_length_of_trials() -> None:
    codes = [candidate.code for candidate in lineup(range(0, 400, 20))]
    assert codes[0] == "NopPruner()"
    assert {"MedianPruner()", "MedianPruner(n_warmup_steps=40)", "MedianPruner(n_warmup_steps=200)"} <= set(codes)
    assert {"PercentilePruner(25.0, n_warmup_steps=100)", "HyperbandPruner(min_resource=100)", "CurvePruner()"} <= set(
        codes
    )
    assert len(set(codes)) == len(codes)
    assert len({candidate.code for candidate in lineup([0])}) == len(lineup([0]))
    for candidate in lineup([1, 2]):
        made = eval(
            candidate.code, vars(optimist.pruners) | {n: getattr(optimist.pruners, n) for n in dir(optimist.pruners)}
        )
        assert type(made) is type(candidate.make())


def test_usual_steps_are_those_of_the_median_length() -> None:
    study = optimist.create_study()
    for n in (1, 3, 9):
        study.add_trial(create_trial(value=1.0, intermediate_values={10 * step: 0.0 for step in range(n)}))
    assert usual_steps(Recording.of_view(study.view())) == [0, 10, 20]


def test_a_study_replays_what_ran_to_its_end() -> None:
    study = optimist.create_study(direction="maximize")
    for run in early_and_late(12).runs:
        study.add_trial(create_trial(value=run.final, intermediate_values=dict(run.reports)))
    study.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values={0: 1.0}))
    comparison = study.replay_pruners(QUICK, n_orders=4, tolerance=0.5, most_leads_stopped=1.0)
    assert (comparison.n_runs, comparison.n_left_out, comparison.tolerance) == (12, 1, 0.5)
    assert comparison.recommended is not None


def test_what_cannot_be_replayed_is_said() -> None:
    study = optimist.create_study()
    study.add_trial(create_trial(value=1.0))
    with pytest.raises(ValueError, match="at least two complete trials that reported"):
        study.replay_pruners()
    with pytest.raises(RuntimeError, match="single objective"):
        optimist.create_study(directions=["minimize"] * 2).replay_pruners()
    recording = early_and_late(4)
    for arguments in ({"n_orders": 0}, {"tolerance": -1.0}, {"most_leads_stopped": 2.0}):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            compare_pruners(recording, QUICK, **arguments)  # type: ignore[arg-type]
