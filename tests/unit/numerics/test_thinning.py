"""Thinning: few, late ones all, earlier ones spread, each with its share."""

from __future__ import annotations

import numpy as np
import pytest

from optimist.numerics.thinning import thin


def test_few_are_all_chosen() -> None:
    positions, share = thin(5, 8)
    assert positions.tolist() == [0, 1, 2, 3, 4]
    assert share.tolist() == [1.0] * 5
    assert [len(part) for part in thin(0, 8)] == [0, 0]


@pytest.mark.parametrize("n", [9, 10, 13, 100, 1001, 10**6 + 3])
@pytest.mark.parametrize("bound", [2, 8])
def test_many(n: int, bound: int) -> None:
    positions, share = thin(n, bound)
    assert len(positions) == len(share) == bound
    assert np.all(np.diff(positions) > 0)
    assert positions[0] >= 0
    assert positions[bound // 2 :].tolist() == list(range(n - bound // 2, n))
    assert share.sum() == pytest.approx(n)
    assert set(share[bound // 2 :]) == {1.0}


def test_the_earlier_ones_are_spread_evenly() -> None:
    positions, _ = thin(1016, 32)
    gaps = np.diff(positions[:16])
    assert gaps.min() >= 62
    assert gaps.max() <= 63


def test_in_time_every_item_gets_its_turn() -> None:
    chosen = {int(position) for n in range(1000, 1300) for position in thin(n, 64)[0]}
    assert set(range(900)) <= chosen
