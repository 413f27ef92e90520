"""Random streams: they belong to a seed and a trial, overlap nowhere, and are uniform."""

from __future__ import annotations

import numpy as np
from scipy import stats

from optimist.numerics.streams import DRAWS_PER_ROW, TrialStreams


def test_draws_depend_on_seed_and_number_alone() -> None:
    forwards, backwards = TrialStreams(7), TrialStreams(7)
    numbers = [0, 1, 255, 256, 257, 10_000, 3]
    there = {number: list(forwards.uniforms(number)) for number in numbers}
    back = {number: list(backwards.uniforms(number)) for number in reversed(numbers)}
    assert there == back
    assert list(TrialStreams(8).uniforms(0)) != there[0]


def test_single_draws_run_through_the_rows() -> None:
    streams = TrialStreams(1)
    n = 3 * DRAWS_PER_ROW
    singles = [streams.uniform(5, ordinal) for ordinal in range(n)]
    rows = [draw for row in range(3) for draw in streams.uniforms(5, row)]
    assert singles == rows
    assert len(set(singles)) == n


def test_further_rows_leave_the_common_one_in_place() -> None:
    streams = TrialStreams(1)
    first = list(streams.uniforms(5))
    streams.uniforms(5, row=1)
    assert list(streams.uniforms(5)) == first


def test_no_two_streams_share_a_number() -> None:
    streams = TrialStreams(3)
    drawn = [draw for number in range(600) for row in range(2) for draw in streams.uniforms(number, row)]
    drawn += [draw for number in range(600) for lane in range(2) for draw in streams.generator(number, lane).random(8)]
    assert len(set(drawn)) == len(drawn)


def test_generators_are_repeatable_and_their_own() -> None:
    streams = TrialStreams(3)
    again = TrialStreams(3)
    assert streams.generator(4).random() == again.generator(4).random()
    assert streams.generator(4, lane=1).random() != again.generator(4).random()


def test_without_a_seed_streams_differ() -> None:
    assert list(TrialStreams().uniforms(0)) != list(TrialStreams().uniforms(0))


def test_uniform_over_trials_and_within_them() -> None:
    """Kolmogorov-Smirnov per ordinal, and correlation between neighbouring ordinals; 32 tests at 1e-4 each."""
    streams = TrialStreams(11)
    table = np.array([streams.uniforms(number) for number in range(5000)])
    assert table.min() >= 0
    assert table.max() < 1
    for ordinal in range(DRAWS_PER_ROW):
        column, following = table[:, ordinal], table[:, (ordinal + 1) % DRAWS_PER_ROW]
        assert stats.kstest(column, "uniform").pvalue > 1e-4
        assert stats.pearsonr(column, following).pvalue > 1e-4
