"""The urn against a plain set."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from optimist.numerics.urn import Urn


@pytest.mark.parametrize("n", [0, 1, 7, 50])
def test_behaves_like_a_set(n: int) -> None:
    rng = np.random.default_rng(n)
    urn, plain = Urn(n), set(range(n))
    for _ in range(500):
        number = int(rng.integers(60))
        if rng.random() < 0.5:
            urn.add(number)
            plain.add(number)
        else:
            urn.discard(number)
            plain.discard(number)
        assert set(urn) == plain
        assert urn.n_left == len(plain)
        assert sorted(urn.at(place) for place in range(urn.n_left)) == sorted(plain)
        assert all((k in urn) == (k in plain) for k in range(-2, 62))


def test_costs_nothing_however_many_numbers_it_holds() -> None:
    n = 10**30
    urn = Urn(n)
    urn.discard(n - 1)
    urn.discard(0)
    assert urn.n_left == n - 2
    assert n - 2 in urn
    assert n - 1 not in urn
    drawn = urn.draw(np.random.default_rng(0), 200)
    assert all(0 < number < n - 1 for number in drawn)
    assert max(drawn) > 0.9 * n > 9 * min(drawn)


def test_draws_are_uniform_over_what_is_left() -> None:
    """Chi-square at 1e-4."""
    urn = Urn(40)
    for number in range(0, 40, 4):
        urn.discard(number)
    drawn = urn.draw(np.random.default_rng(1), 30_000)
    counts = np.bincount(drawn, minlength=40)
    assert set(np.flatnonzero(counts)) == set(urn)
    assert stats.chisquare(counts[counts > 0]).pvalue > 1e-4


def test_nothing_comes_out_of_an_empty_urn() -> None:
    assert Urn().draw(np.random.default_rng(0), 3) == []


def test_the_order_depends_on_what_was_done_alone() -> None:
    def order() -> list[int]:
        urn = Urn(20)
        for number in (3, 19, 7, 0):
            urn.discard(number)
        urn.add(7)
        return list(urn)

    assert order() == order()
