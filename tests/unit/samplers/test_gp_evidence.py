"""What trials say to the model, and which of many speak for all."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import optimist
from optimist.distributions import FloatDistribution, IntDistribution
from optimist.history.records import FrozenTrial, create_trial
from optimist.samplers.gp.evidence import Evidence, gather, stage
from optimist.samplers.gp.known import KnownParameters
from optimist.states import TrialState

X = {"x": FloatDistribution(0, 1)}
NAN = math.nan


def trial(x: float, value: Any = None, state: TrialState = TrialState.COMPLETE, **options: Any) -> FrozenTrial:
    value = {} if value is None else {"values": value} if isinstance(value, list) else {"value": value}
    return create_trial(state=state, params={"x": x}, distributions=dict(X), **value, **options)


def evidence_of(trials: list[FrozenTrial], max_points: int = 256, n_objectives: int = 1) -> Evidence:
    study = optimist.create_study(directions=["minimize"] * n_objectives)
    study.add_trials(trials)
    view = study.view()
    return gather(view, view.tracker(KnownParameters, KnownParameters).domain, max_points)


def test_complete_trials_have_losses() -> None:
    found = evidence_of([trial(0.25, 3.0), trial(0.5, 1.0)])
    assert found.points.tolist() == [[0.25], [0.5]]
    assert found.losses.tolist() == [[3.0], [1.0]]
    assert found.is_complete.all()
    assert not found.has_failed.any()
    assert found.constraints.shape == (2, 0)


def test_pruned_trials_are_no_better_than_the_median() -> None:
    pruned = [trial(0.5, state=TrialState.PRUNED, intermediate_values={1: v}) for v in (0.5, 9.0, NAN)]
    found = evidence_of([trial(0.1, 1.0), trial(0.2, 2.0), trial(0.3, 3.0), *pruned])
    assert found.losses[:, 0].tolist() == [1.0, 2.0, 3.0, 2.0, 9.0, 2.0]
    assert found.is_complete.tolist() == [True] * 3 + [False] * 3


def test_pruned_trials_alone_count_by_what_they_reported() -> None:
    found = evidence_of([trial(0.5, state=TrialState.PRUNED, intermediate_values={1: v}) for v in (0.5, NAN)])
    assert found.losses[0, 0] == 0.5
    assert np.isnan(found.losses[1, 0])


def test_failures_count_as_the_upper_quartile() -> None:
    failed = [trial(0.2, math.inf), trial(0.3, state=TrialState.FAIL)]
    found = evidence_of([trial(0.1, 1.0), trial(0.4, 5.0), *failed])
    assert found.has_failed.tolist() == [False, False, True, True]
    assert found.losses[:, 0].tolist() == [1.0, 5.0, 5.0, 5.0]


def test_constraints_are_columns() -> None:
    found = evidence_of(
        [trial(0.1, 1.0, constraints={"c": 0.5}), trial(0.2, 1.0, constraints={"c": -1.0}), trial(0.3, 1.0)]
    )
    np.testing.assert_array_equal(found.constraints[:, 0], [0.5, -1.0, NAN])
    assert found.is_feasible.tolist() == [False, True, True]


def test_trials_without_the_parameters_say_nothing() -> None:
    other = create_trial(state=TrialState.FAIL, params={}, distributions={})
    assert len(evidence_of([trial(0.1, 1.0), other, trial(0.2, 2.0)]).points) == 2


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_the_best_and_the_latest_and_a_spread_speak_for_all(n_objectives: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.random(1000)
    losses = np.stack([np.abs(x - 0.3), np.abs(x - 0.9)], axis=1)[:, :n_objectives]
    trials = [trial(a, b if n_objectives > 1 else b[0]) for a, b in zip(x.tolist(), losses.tolist(), strict=True)]
    found = evidence_of(trials, 100, n_objectives)
    n_first = stage(1000)
    assert found.n_fitted == 100
    assert len(found.points) == 100 + 1000 - n_first
    chosen = set(found.points[:, 0].tolist())
    assert set(x[n_first - 25 :].tolist()) <= chosen
    for k in range(n_objectives):
        assert set(x[np.argsort(losses[:, k])[:8]].tolist()) <= chosen
    assert np.histogram(found.points, bins=10, range=(0, 1))[0].min() >= 4


def test_stages_grow_with_the_study() -> None:
    stages = [stage(n) for n in range(5000)]
    assert stages[:20] == list(range(20))
    assert all(0 <= n - s <= 32 for n, s in enumerate(stages))
    assert all(b >= a for a, b in pairwise(stages))
    assert len(set(stages[:200])) < 70


def test_known_parameters() -> None:
    study = optimist.create_study()
    wide, narrow = IntDistribution(0, 9), IntDistribution(2, 4)
    for distributions in ({"n": narrow, **X}, {"n": wide, "one": IntDistribution(1, 1)}):
        params = {"n": 3, "x": 0.5, "one": 1}
        study.add_trial(
            create_trial(value=0.0, params={k: params[k] for k in distributions}, distributions=distributions)
        )
    known = study.view().tracker(KnownParameters, KnownParameters)
    assert dict(known.space) == {"n": wide, **X}
    assert known.domain.is_optional.tolist() == [False, True]
    assert known.order.tolist() == [0.0, 1.0]


def test_pruned_trials_show_parameters_until_one_is_complete() -> None:
    study = optimist.create_study()
    pruned = create_trial(state=TrialState.PRUNED, params={"y": 1}, distributions={"y": IntDistribution(0, 1)})
    study.add_trial(pruned)
    assert set(study.view().tracker(KnownParameters, KnownParameters).space) == {"y"}
    study.add_trial(trial(0.1, 1.0))
    assert set(study.view().tracker(KnownParameters, KnownParameters).space) == {"x"}


def test_infinite_losses_beside_failures_do_no_harm() -> None:
    failed = trial(0.3, state=TrialState.FAIL)
    found = evidence_of([trial(0.1, -math.inf), trial(0.2, 1.0), failed, trial(0.4, -math.inf)])
    assert found.losses[2, 0] == 1.0
