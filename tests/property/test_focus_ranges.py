"""What a restriction leaves of a range is inside both, and probes are outside."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from optimist.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.history.focusing import Restriction
from optimist.samplers.focused import outside_value

SHARES = st.floats(0.0, 1.0)


@st.composite
def numbers(draw: st.DrawFn) -> FloatDistribution | IntDistribution:
    log = draw(st.booleans())
    low = draw(st.integers(1, 50))
    width = draw(st.integers(1, 1000))
    if draw(st.booleans()):
        step = 1 if log else draw(st.integers(1, 9))
        return IntDistribution(low, low + width * step, log=log, step=step)
    step_f = None if log or draw(st.booleans()) else draw(st.sampled_from([0.1, 0.25, 3.0]))
    return FloatDistribution(low, round(low + width * (step_f or 0.5), 9), log=log, step=step_f)


@given(numbers(), SHARES, SHARES, st.floats(0.0, 1.0, exclude_max=True))
def test_numbers(distribution: FloatDistribution | IntDistribution, a: float, b: float, place: float) -> None:
    assume(a != b)
    low, high = (distribution.low + share * (distribution.high - distribution.low) for share in sorted((a, b)))
    assume(low < high)
    restriction = Restriction("x", low, high, distribution.log)
    left = restriction.narrow(distribution)
    assert isinstance(left, type(distribution))
    if left != distribution:
        slack = 1e-9 * distribution.high
        assert low - slack <= left.low < left.high <= high + slack
        assert distribution._contains(left.low)
        assert distribution._contains(left.high)
        assert (left.step, left.log) == (distribution.step, distribution.log)
    probe = outside_value(restriction, distribution, place)
    assert probe is None or (distribution._contains(probe) and not restriction.holds(probe))
    wider = restriction.around(high, 0.1)
    assert wider.low <= low < high <= wider.high


@given(st.integers(1, 9), st.integers(0, 8), st.floats(0.0, 1.0, exclude_max=True))
def test_choices(n: int, fixed: int, place: float) -> None:
    assume(fixed < n)
    found = outside_value(Restriction("x", fixed, fixed), CategoricalDistribution(tuple(range(n))), place)
    assert found is None if n == 1 else (0 <= found < n and found != fixed)
