"""Goals: which of two points is worth more."""

from __future__ import annotations

import numpy as np
import pytest

from optimist.samplers.gp.goals import Goal, Hypervolume, goal_of

# A front with a gap in its middle, and one loss far off.
CORNERS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [9.0, 9.0, 9.0]])
IN_THE_GAP = np.array([[0.7], [0.7], [0.7]])
BEYOND_AN_END = np.array([[-0.05], [1.0], [1.0]])


def goal(losses: np.ndarray, *, looks_beyond: bool) -> Goal:
    found = goal_of(losses, np.ones(losses.shape[1]), looks_beyond=looks_beyond)
    assert found is not None
    return found


def worth(goal: Goal, mean: np.ndarray) -> float:
    """The logarithm of the improvement that a point is all but sure to bring."""
    return float(goal.improvement(mean, np.full_like(mean, 1e-3))[0][0])


def test_a_front_of_three_is_filled_or_grows() -> None:
    filling, growing = goal(CORNERS, looks_beyond=False), goal(CORNERS, looks_beyond=True)
    assert worth(filling, IN_THE_GAP) > worth(filling, BEYOND_AN_END)
    assert worth(growing, IN_THE_GAP) < worth(growing, BEYOND_AN_END)


@pytest.mark.parametrize("looks_beyond", [False, True])
def test_a_front_of_two_always_grows(looks_beyond: bool) -> None:
    losses = CORNERS[1:, 1:]
    found = goal(losses, looks_beyond=looks_beyond)
    assert isinstance(found, Hypervolume)
    assert np.all(found.reference > losses.max(axis=0))


@pytest.mark.parametrize("losses", [np.zeros((1, 3)), np.zeros((4, 3)), np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.5]])])
@pytest.mark.parametrize("looks_beyond", [False, True])
def test_any_front_leaves_something_to_be_won(losses: np.ndarray, looks_beyond: bool) -> None:
    found = goal(losses, looks_beyond=looks_beyond)
    assert np.isfinite(worth(found, losses.min(axis=0)[:, None] - 1.0))
    assert np.isfinite(worth(found, losses.max(axis=0)[:, None] + 5.0))


@pytest.mark.parametrize("looks_beyond", [False, True])
def test_what_running_trials_will_reach_is_no_improvement_any_more(looks_beyond: bool) -> None:
    before = goal(CORNERS, looks_beyond=looks_beyond)
    after = before.reached_by(IN_THE_GAP.T)
    assert worth(after, IN_THE_GAP) < worth(before, IN_THE_GAP) - 3.0
    best = np.full((1, 3), -2.0)  # better than all in everything
    assert np.isfinite(worth(before.reached_by(best), IN_THE_GAP))
