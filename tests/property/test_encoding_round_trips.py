from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
    json_to_distribution,
)
from optimist.search_space.axes import MAX_EXACT_CELLS, MAX_EXACT_LOG_INT
from optimist.search_space.encoding import Encoding

INT64 = st.integers(-(2**63), 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
CHOICE = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
EPSILON = 2.0**-52


def quiet(cls, *args, **options):
    """Make a distribution whose step need not divide its range."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return cls(*args, **options)


@st.composite
def floats(draw):
    log = draw(st.booleans())
    low, high = sorted(draw(st.tuples(*[POSITIVE if log else FINITE] * 2)))
    return FloatDistribution(low, high, log=log)


@st.composite
def stepped_floats(draw):
    """Steps as people write them, 0.05 or 2.5e-3, and any others."""
    if draw(st.booleans()):
        unit = 10.0 ** draw(st.integers(-12, 12))
        low = float(f"{draw(st.integers(-1000, 1000)) * unit:.15g}")
        step = float(f"{draw(st.integers(1, 100)) * unit:.15g}")
        high = max(low, float(f"{low + draw(st.integers(0, 10_000)) * step:.15g}"))
    else:
        low, high = sorted(draw(st.tuples(FINITE, FINITE)))
        step = draw(POSITIVE)
    return quiet(FloatDistribution, low, high, step=step)


@st.composite
def integers(draw):
    low, high = sorted(draw(st.tuples(INT64, INT64)))
    return quiet(IntDistribution, low, high, step=draw(st.one_of(st.just(1), st.integers(1, 2**62))))


@st.composite
def log_integers(draw):
    return IntDistribution(*sorted(draw(st.tuples(*[st.integers(1, 2**63 - 1)] * 2))), log=True)


CATEGORICAL = st.lists(CHOICE, min_size=1, max_size=8).map(CategoricalDistribution)
DISTRIBUTION = st.one_of(floats(), stepped_floats(), integers(), log_integers(), CATEGORICAL)


@st.composite
def values_of(draw, distribution):
    """Internal values of a distribution, its borders among them."""
    if isinstance(distribution, CategoricalDistribution):
        return list(range(len(distribution.choices)))
    count = distribution.cardinality
    if count is None:
        inner = st.lists(st.floats(distribution.low, distribution.high), max_size=10)
        return [distribution.low, *draw(inner), distribution.high]
    cells = [0, *draw(st.lists(st.integers(0, count - 1), max_size=10)), count - 1]
    if isinstance(distribution, IntDistribution):
        return [distribution.low + cell * distribution.step for cell in cells]
    return [distribution.value_at(cell) for cell in cells]


def is_exact(distribution: BaseDistribution) -> bool:
    """Whether the module promises to keep all values apart."""
    if isinstance(distribution, IntDistribution) and distribution.log:
        return distribution.high <= MAX_EXACT_LOG_INT
    count = distribution.cardinality
    return count is not None and count <= MAX_EXACT_CELLS


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_values_come_back(data):
    distribution = data.draw(DISTRIBUTION)
    values = data.draw(values_of(distribution))
    cube = Encoding({"x": distribution})
    points = cube.encode({"x": values})
    assert ((points >= 0) & (points <= 1)).all()
    decoded = cube.decode(points)["x"].tolist()
    assert all(map(distribution._contains, decoded))
    assert decoded[0] == values[0]
    assert decoded[-1] == values[-1]
    if is_exact(distribution):
        assert decoded == values
        return
    for value, back in zip(values, decoded, strict=True):
        if distribution.log:
            width = math.log(distribution.high) - math.log(distribution.low)
            tolerance = (4 + 2 * width) * EPSILON * value + 5e-324
        else:
            tolerance = 4 * EPSILON * max(abs(distribution.low), abs(distribution.high))
            tolerance += getattr(distribution, "step", None) or 5e-324
        assert abs(value - back) <= tolerance


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_every_point_is_a_valid_value(data):
    distribution = data.draw(DISTRIBUTION)
    points = np.array(data.draw(st.lists(st.floats(allow_nan=False), min_size=1, max_size=10)))
    cube = Encoding({"x": distribution})
    decoded = cube.decode(points[:, None])["x"].tolist()
    assert all(map(distribution._contains, decoded))
    for value in decoded:
        assert distribution.contains(distribution.to_external_repr(value))


@given(DISTRIBUTION, st.lists(FINITE, min_size=1, max_size=10))
@settings(max_examples=300, deadline=None)
def test_any_number_is_encoded_as_a_value_of_the_range(distribution, numbers):
    cube = Encoding({"x": distribution})
    points = cube.encode({"x": numbers})
    assert ((points >= 0) & (points <= 1)).all()
    low, high = (
        (0, len(distribution.choices) - 1)
        if isinstance(distribution, CategoricalDistribution)
        else (distribution.low, distribution.high)
    )
    borders = cube.encode({"x": [low, high]})[:, 0]
    for number, point in zip(numbers, points[:, 0], strict=True):
        if number <= low:
            assert point == borders[0]
        if number >= high:
            assert point == borders[1]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_order_is_kept(data):
    distribution = data.draw(DISTRIBUTION)
    values = sorted(data.draw(values_of(distribution)))
    points = Encoding({"x": distribution}).encode({"x": values})[:, 0]
    assert (np.diff(points) >= 0).all()


@given(st.lists(DISTRIBUTION, max_size=6), st.booleans(), st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_parameters_do_not_depend_on_each_other(distributions, one_hot, seed):
    space = {f"x{i}": distribution for i, distribution in enumerate(distributions)}
    cube = Encoding(space, one_hot=one_hot)
    points = np.random.default_rng(seed).random((5, cube.n_columns))
    decoded = cube.decode(points)
    encoded = cube.encode(decoded) if space else np.empty((5, 0))
    for name, distribution in space.items():
        alone = Encoding({name: distribution}, one_hot=one_hot)
        columns = cube.columns[name]
        assert alone.decode(points[:, columns])[name].tolist() == decoded[name].tolist()
        assert alone.encode({name: decoded[name]}).tolist() == encoded[:, columns].tolist()


@given(DISTRIBUTION)
@settings(max_examples=300, deadline=None)
def test_json_and_pickle_round_trips(distribution):
    text = distribution_to_json(distribution)
    again = json_to_distribution(text)  # and it does not warn: a range that was adjusted stays
    assert again == distribution
    assert hash(again) == hash(distribution)
    assert distribution_to_json(again) == text
    assert pickle.loads(pickle.dumps(distribution)) == distribution


@given(CATEGORICAL)
def test_each_choice_is_found_by_itself(distribution):
    for choice in distribution.choices:
        found = distribution.to_external_repr(distribution.to_internal_repr(choice))
        assert type(found) is type(choice)
        assert found == choice or (found != found and choice != choice)
