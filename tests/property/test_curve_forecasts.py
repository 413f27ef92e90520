"""Whatever a trial reports, its chance is one, and one more report takes no more than two thirds of it."""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import optimist
from optimist.pruners.forecast import COARSE, FINE, Forecast, Forecasts, Look

N_STEPS = 10


@functools.cache
def forecast(look: Look) -> Forecast:
    """What six complete trials and two pruned ones say."""
    study = optimist.create_study()
    rng = np.random.default_rng(0)
    for number in range(8):
        curve = rng.uniform(0.1, 0.5) + rng.uniform(0.5, 2.0) / np.arange(1, N_STEPS + 1)
        n = N_STEPS if number < 6 else 3
        study.add_trial(
            optimist.trial.create_trial(
                state=optimist.trial.TrialState.COMPLETE if n == N_STEPS else optimist.trial.TrialState.PRUNED,
                value=curve[n - 1],
                intermediate_values=dict(enumerate(curve[:n].tolist())),
            )
        )
    view = study.view()
    found = view.tracker((Forecasts, look), Forecasts, look).at(view)
    assert found is not None
    return found


@given(st.lists(st.floats(), min_size=1, max_size=N_STEPS - 1), st.sampled_from([FINE, COARSE]))
def test_a_chance_falls_to_a_third_at_most(values: list[float], look: Look) -> None:
    known = forecast(look)
    chances = [known.chance(dict(enumerate(values[:n])), {}) for n in range(1, len(values) + 1)]
    assert all(0 <= chance <= 1 for chance in chances)
    assert all(after >= before / 3 * (1 - 1e-9) for before, after in pairwise(chances))
