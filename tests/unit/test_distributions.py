from __future__ import annotations

import copy
import json
import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    DiscreteUniformDistribution,
    FloatDistribution,
    IntDistribution,
    IntLogUniformDistribution,
    IntUniformDistribution,
    LogUniformDistribution,
    UniformDistribution,
    check_distribution_compatibility,
    distribution_to_json,
    json_to_distribution,
    replace_deprecated,
)
from optimist.exceptions import InvalidSpaceError, InvalidSpaceTypeError

NAN = float("nan")
EXAMPLES = [
    FloatDistribution(0, 1),
    FloatDistribution(1e-300, 1e300, log=True),
    FloatDistribution(0, 1, step=0.1),
    FloatDistribution(-1.5, -1.5),
    IntDistribution(-3, 10),
    IntDistribution(1, 2**63 - 1, log=True),
    IntDistribution(-(2**63), 2**63 - 1),
    IntDistribution(0, 10, step=5),
    CategoricalDistribution(["small", "medium", "large"], ordered=True),
    CategoricalDistribution(["a", None, True, 1, 1.0, NAN]),
    CategoricalDistribution([0.5]),
]


def with_warning(cls, *args):
    with pytest.warns(FutureWarning, match=cls.__name__):
        return cls(*args)


def deprecated() -> list[BaseDistribution]:
    return [
        with_warning(UniformDistribution, 0.0, 1.0),
        with_warning(LogUniformDistribution, 0.1, 1.0),
        with_warning(DiscreteUniformDistribution, 0.0, 1.0, 0.25),
        with_warning(IntUniformDistribution, 0, 10, 2),
        with_warning(IntLogUniformDistribution, 1, 10),
    ]


# What every distribution promises


@pytest.mark.parametrize("distribution", EXAMPLES)
def test_it_never_changes(distribution):
    for name in [*distribution._asdict(), "extra"]:
        with pytest.raises(AttributeError, match="does not change"):
            setattr(distribution, name, 1)
        with pytest.raises(AttributeError, match="does not change"):
            delattr(distribution, name)
    assert copy.copy(distribution) is distribution
    assert copy.deepcopy(distribution) is distribution


@pytest.mark.parametrize("distribution", EXAMPLES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(distribution, protocol):
    again = pickle.loads(pickle.dumps(distribution, protocol))
    assert again == distribution
    assert hash(again) == hash(distribution)
    assert repr(again) == repr(distribution)


def test_pickles_of_another_process_have_this_ones_hash():
    code = (
        "import pickle, sys; from optimist.distributions import CategoricalDistribution;"
        "sys.stdout.buffer.write(pickle.dumps(CategoricalDistribution(['a', 'b'])))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert hash(pickle.loads(output)) == hash(CategoricalDistribution(["a", "b"]))
    assert {CategoricalDistribution(["a", "b"]): 1}[pickle.loads(output)] == 1


@pytest.mark.parametrize("distribution", EXAMPLES[:-2])
def test_repr_is_code(distribution):
    assert eval(repr(distribution)) == distribution


@pytest.mark.parametrize("distribution", EXAMPLES)
def test_equality_and_hash(distribution):
    twin = type(distribution)(**distribution._asdict())
    assert twin == distribution
    assert hash(twin) == hash(distribution)
    assert [other for other in EXAMPLES if other == distribution] == [distribution]
    assert distribution != "something else"
    assert distribution != distribution._asdict()


def test_a_deprecated_class_is_not_equal_to_its_replacement():
    assert with_warning(UniformDistribution, 0, 1) != FloatDistribution(0, 1)


@pytest.mark.parametrize(
    ("distribution", "cardinality", "single"),
    [
        (FloatDistribution(0, 1), None, False),
        (FloatDistribution(2, 2), 1, True),
        (FloatDistribution(0, 1, step=0.1), 11, False),
        (FloatDistribution(3, 3, step=0.1), 1, True),
        (FloatDistribution(1, 2, log=True), None, False),
        (IntDistribution(0, 10), 11, False),
        (IntDistribution(0, 10, step=5), 3, False),
        (IntDistribution(1, 8, log=True), 8, False),
        (IntDistribution(4, 4), 1, True),
        (IntDistribution(-(2**63), 2**63 - 1), 2**64, False),
        (CategoricalDistribution("abc"), 3, False),
        (CategoricalDistribution([None]), 1, True),
    ],
)
def test_cardinality_and_single(distribution, cardinality, single):
    assert distribution.cardinality == cardinality
    assert distribution.single() is single


def test_a_foreign_distribution_needs_only_the_contract():
    class Coin(BaseDistribution):
        def __init__(self, bias):
            self.bias = bias

        def to_internal_repr(self, value):
            return float(value)

        def single(self):
            return False

        def _contains(self, value):
            return value in (0.0, 1.0)

    assert Coin(0.5) == Coin(0.5) != Coin(0.6)
    assert hash(Coin(0.5)) == hash(Coin(0.5))
    assert repr(Coin(0.5)) == "Coin(bias=0.5)"
    assert Coin(0.5).contains(1)
    assert not Coin(0.5).contains("sideways")
    assert Coin(0.5).cardinality is None
    assert Coin(0.5).to_external_repr(1.0) == 1.0
    assert replace_deprecated(coin := Coin(0.5)) is coin


# Floats


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"low": 1, "high": 0}, ValueError, "low must not exceed high, but low=1 and high=0"),
        ({"low": 0, "high": 1, "log": True}, ValueError, "log=True needs low > 0, but low=0. Use a small positive"),
        ({"low": 1, "high": 2, "log": True, "step": 1}, ValueError, "exclude each other"),
        ({"low": 0, "high": 1, "step": 0}, ValueError, "step must be above 0"),
        ({"low": 0, "high": 1, "step": -0.1}, ValueError, "step must be above 0"),
        ({"low": NAN, "high": 1}, ValueError, "low must be finite, but got nan"),
        ({"low": 0, "high": math.inf}, ValueError, "high must be finite"),
        ({"low": 0, "high": 10**400}, ValueError, "high must be finite"),
        ({"low": 0, "high": 1, "step": NAN}, ValueError, "step must be finite"),
        ({"low": "a", "high": 1}, TypeError, "low must be a number, but got the text 'a'"),
        ({"low": 0, "high": None}, TypeError, "high must be a number, but got None"),
        ({"low": 0, "high": [1]}, TypeError, "high must be a number"),
    ],
)
def test_float_refuses(arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        FloatDistribution(**arguments)
    assert isinstance(caught.value, InvalidSpaceError)


def test_float_attributes_are_floats():
    distribution = FloatDistribution(np.float32(0), 1, step=np.int64(1))
    assert [type(x) for x in (distribution.low, distribution.high, distribution.step)] == [float] * 3


def test_float_contains_its_borders_and_nothing_beyond():
    distribution = FloatDistribution(0.1, 0.3)
    assert distribution.contains(0.1)
    assert distribution.contains(0.3)
    assert distribution.contains(np.float32(0.2))
    assert distribution.contains("0.2")  # what float() takes
    for value in (math.nextafter(0.1, 0), math.nextafter(0.3, 1), NAN, math.inf, None, "a", [0.2]):
        assert not distribution.contains(value)


def test_float_steps_are_the_nearest_floats_to_their_decimals():
    distribution = FloatDistribution(0, 1, step=0.1)
    values = [distribution.value_at(cell) for cell in range(11)]
    assert values == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert all(map(distribution.contains, values))
    assert distribution.contains(0.1 * 3)  # float noise is forgiven
    assert not distribution.contains(0.15)
    assert distribution.nearest(0.16) == 0.2
    assert distribution.nearest(7) == 1.0
    assert distribution.nearest(-7) == 0.0
    for cell in (-1, 11):
        with pytest.raises(IndexError, match="no value number"):
            distribution.value_at(cell)
    with pytest.raises(IndexError):
        FloatDistribution(0, 1).value_at(0)
    assert FloatDistribution(0, 1).nearest(0.123) == 0.123
    assert FloatDistribution(3, 3).value_at(0) == 3.0


def test_a_step_that_does_not_divide_the_range_lowers_high():
    with pytest.warns(UserWarning, match=r"step=0.3 does not divide .* Write high=0.9 to silence") as caught:
        distribution = FloatDistribution(0, 1, step=0.3)
    assert len(caught) == 1
    assert distribution.high == 0.9
    assert FloatDistribution(0, 0.9, step=0.3) == distribution
    with pytest.warns(UserWarning, match="does not divide"):
        assert FloatDistribution(0, 1, step=2).single()


def test_high_that_was_rounded_to_a_float_is_not_lowered_again():
    with pytest.warns(UserWarning, match="does not divide"):
        distribution = FloatDistribution(0.1234567890123444, 1.5e10, step=1e10)
    again = FloatDistribution(distribution.low, distribution.high, step=distribution.step)  # warns not
    assert again == distribution
    assert again.cardinality == 2


def test_steps_up_to_the_largest_float():
    with pytest.warns(UserWarning, match="does not divide"):
        distribution = FloatDistribution(0.0, 1.5e308, step=6e307)
    assert distribution.high == 1.2e308
    with pytest.warns(UserWarning, match="does not divide"):  # the next step would be infinite
        assert FloatDistribution(0.0, 1.7e308, step=6e307).cardinality == 3
    assert [distribution.nearest(x) for x in (5e307, 1e308)] == [6e307, 1.2e308]


def test_steps_far_below_the_noise_of_floats_are_exact():
    distribution = FloatDistribution(-1e300, 1e300, step=1e-300)
    assert distribution.cardinality == 2 * 10**600 + 1
    assert distribution.value_at(10**600) == 0.0
    assert distribution.contains(1e-300)
    assert distribution.contains(12345.678)
    fine = FloatDistribution(0, 2.0**60, step=0.1)
    value = fine.value_at(7 * 10**18 + 3)
    assert fine.contains(value)


@pytest.mark.parametrize(("value", "message"), [(NAN, "cannot be NaN"), ("a", "is a number"), (None, "is a number")])
@pytest.mark.parametrize("distribution", [FloatDistribution(0, 1), IntDistribution(0, 1)])
def test_numbers_refuse_other_values(distribution, value, message):
    with pytest.raises(ValueError, match=message):
        distribution.to_internal_repr(value)


def test_huge_integers_are_outside_of_every_range():
    assert not FloatDistribution(0, 1).contains(10**400)
    assert not IntDistribution(0, 1).contains(10**400)


@pytest.mark.parametrize("distribution", [FloatDistribution(1, 2, log=True), IntDistribution(1, 2, log=True)])
def test_logarithms_refuse_zero(distribution):
    with pytest.raises(ValueError, match="must be above 0"):
        distribution.to_internal_repr(0)


# Integers


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"low": 1, "high": 0}, ValueError, "low must not exceed high"),
        ({"low": 0, "high": 1, "log": True}, ValueError, "log=True needs low >= 1, but low=0"),
        ({"low": 1, "high": 4, "log": True, "step": 2}, ValueError, "log=True needs step=1"),
        ({"low": 0, "high": 1, "step": 0}, ValueError, "step must be above 0"),
        ({"low": 0, "high": 2**63}, ValueError, "high must fit into 64 bits"),
        ({"low": -(2**63) - 1, "high": 0}, ValueError, "low must fit into 64 bits"),
        ({"low": 0, "high": math.inf}, ValueError, "high must be finite"),
        ({"low": "1", "high": 2}, TypeError, "low must be a number"),
        ({"low": 0, "high": None}, TypeError, "high must be a number"),
    ],
)
def test_int_refuses(arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        IntDistribution(**arguments)
    assert isinstance(caught.value, InvalidSpaceError)


def test_int_attributes_are_ints():
    distribution = IntDistribution(np.int64(1), 1e3, step=True)
    assert (distribution.low, distribution.high, distribution.step) == (1, 1000, 1)
    assert [type(x) for x in (distribution.low, distribution.high, distribution.step)] == [int] * 3


def test_a_step_that_does_not_divide_the_integers_lowers_high():
    with pytest.warns(UserWarning, match=r"step=3 does not divide .* Write high=9 to silence"):
        assert IntDistribution(0, 10, step=3) == IntDistribution(0, 9, step=3)


def test_int_values():
    distribution = IntDistribution(0, 10, step=5)
    for value in (0, 5, 10, 5.0, np.int64(5), "5", False):
        assert distribution.contains(value)
        assert type(distribution.to_internal_repr(value)) is int
    for value in (-5, 15, 3, 5.5, "x", None, NAN, math.inf):
        assert not distribution.contains(value)
    assert distribution.to_internal_repr(5.5) == 5.5
    assert distribution.to_external_repr(5.0) == 5
    assert type(distribution.to_external_repr(5.0)) is int


def test_int_keeps_all_64_bits():
    distribution = IntDistribution(-(2**63), 2**63 - 1)
    for value in (-(2**63), 2**53 + 1, 2**63 - 1):
        assert distribution.to_external_repr(distribution.to_internal_repr(value)) == value
    assert not distribution.contains(2**63)


# Choices


def test_choices_round_trip():
    distribution = CategoricalDistribution(["a", None, 2, 0.5, True])
    for index, choice in enumerate(distribution.choices):
        assert distribution.to_internal_repr(choice) == index
        assert distribution.to_external_repr(index) is choice
        assert distribution.contains(choice)
    assert not distribution.contains("b")
    with pytest.raises(ValueError, match=r"'b' is not one of the choices \('a', None, 2, 0.5, True\)"):
        distribution.to_internal_repr("b")
    assert distribution._contains(4)
    assert not distribution._contains(5)
    assert not distribution._contains(-1)


def test_choices_are_looked_up_by_equality_where_that_is_enough():
    assert CategoricalDistribution([1, 2]).to_internal_repr(2.0) == 1
    assert CategoricalDistribution([0, 1]).to_internal_repr(True) == 1
    assert CategoricalDistribution([1, 2]) == CategoricalDistribution([1.0, 2.0])
    assert CategoricalDistribution(["a", "a"]).to_internal_repr("a") == 0


def test_the_type_decides_among_equal_choices():
    distribution = CategoricalDistribution([True, 1, 1.0])
    assert [distribution.to_internal_repr(value) for value in (True, 1, 1.0, np.float64(1), np.int64(1))] == [
        0,
        1,
        2,
        2,
        0,  # neither: the first that is equal
    ]
    assert distribution != CategoricalDistribution([1, True, 1.0])
    assert distribution == CategoricalDistribution([True, 1, np.float64(1.0)])


def test_nan_is_a_choice_like_any_other():
    distribution = CategoricalDistribution([0.0, NAN])
    assert distribution == CategoricalDistribution([0.0, float("nan")])
    assert hash(distribution) == hash(CategoricalDistribution([0.0, float("nan")]))
    assert distribution.to_internal_repr(float("nan")) == 1
    assert distribution.to_internal_repr(np.float32("nan")) == 1
    with pytest.raises(ValueError, match="not one of the choices"):
        CategoricalDistribution([0.0]).to_internal_repr(NAN)


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [([], ValueError, "choices must not be empty"), (5, TypeError, "must be a list"), (None, TypeError, "a list")],
)
def test_choices_refused(choices, error, message):
    with pytest.raises(error, match=message) as caught:
        CategoricalDistribution(choices)
    assert isinstance(caught.value, InvalidSpaceError)


def test_objects_as_choices_warn_and_cannot_be_stored_if_json_cannot_hold_them():
    with pytest.warns(UserWarning, match="is of type object; a storage can keep") as caught:
        distribution = CategoricalDistribution([item := object(), "a"])
    assert len(caught) == 1
    assert distribution.to_internal_repr(item) == 0
    with pytest.raises(InvalidSpaceTypeError, match="cannot be stored, for JSON cannot hold"):
        distribution_to_json(distribution)


def test_choices_that_cannot_be_hashed_or_compared():
    array = np.array([1, 2])
    with pytest.warns(UserWarning, match="of type ndarray"):
        distribution = CategoricalDistribution([np.array([0, 0]), array])
    assert distribution.to_internal_repr(array) == 1
    assert hash(distribution) == hash(distribution)
    with pytest.warns(UserWarning, match="of type list"):
        lists = CategoricalDistribution([[1], [2, 3]])
    assert lists.to_internal_repr([2, 3]) == 1
    with pytest.warns(UserWarning, match="of type list"):
        assert lists == CategoricalDistribution([[1], [2, 3]])


def test_an_order_makes_a_difference_and_shows_only_where_it_is():
    plain, ordered = CategoricalDistribution("ab"), CategoricalDistribution("ab", ordered=True)
    assert plain != ordered
    assert ordered == CategoricalDistribution("ab", ordered=True)
    assert ordered.ordered
    assert not plain.ordered
    assert distribution_to_json(plain) == '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'
    assert json.loads(distribution_to_json(ordered))["attributes"] == {"choices": ["a", "b"], "ordered": True}
    assert repr(ordered) == "CategoricalDistribution(choices=('a', 'b'), ordered=True)"


def test_different_numbers_of_choices_are_different():
    assert CategoricalDistribution(["a"]) != CategoricalDistribution(["a", "b"])
    assert CategoricalDistribution(["a"]) != CategoricalDistribution(["b"])


# Deprecated classes


def test_deprecated_classes_become_the_modern_ones():
    assert [replace_deprecated(distribution) for distribution in deprecated()] == [
        FloatDistribution(0, 1),
        FloatDistribution(0.1, 1, log=True),
        FloatDistribution(0, 1, step=0.25),
        IntDistribution(0, 10, step=2),
        IntDistribution(1, 10, log=True),
    ]
    assert with_warning(DiscreteUniformDistribution, 0, 1, 0.25).q == 0.25
    for distribution in EXAMPLES:
        assert replace_deprecated(distribution) is distribution


def test_deprecated_classes_pickle_without_another_warning():
    for distribution in deprecated():
        assert pickle.loads(pickle.dumps(distribution)) == distribution


# JSON


@pytest.mark.parametrize("distribution", EXAMPLES)
def test_json_round_trip(distribution):
    again = json_to_distribution(distribution_to_json(distribution))
    assert again == distribution
    assert type(again) is type(distribution)
    assert distribution_to_json(again) == distribution_to_json(distribution)


def test_json_of_deprecated_classes():
    for distribution in deprecated():
        with pytest.warns(FutureWarning):
            assert json_to_distribution(distribution_to_json(distribution)) == distribution


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ('{"type": "float", "low": 0, "high": 1}', FloatDistribution(0, 1)),
        ('{"type": "float", "low": 0, "high": 1, "step": 0.5}', FloatDistribution(0, 1, step=0.5)),
        ('{"type": "float", "low": 1, "high": 2, "log": true, "step": null}', FloatDistribution(1, 2, log=True)),
        ('{"type": "int", "low": 1, "high": 5, "step": null}', IntDistribution(1, 5)),
        ('{"type": "int", "low": 1, "high": 5, "log": true}', IntDistribution(1, 5, log=True)),
        ('{"type": "categorical", "choices": ["a", 1]}', CategoricalDistribution(["a", 1])),
        ('{"type": "categorical", "choices": [1, 2], "ordered": true}', CategoricalDistribution([1, 2], ordered=True)),
    ],
)
def test_json_short_form(text, distribution):
    assert json_to_distribution(text) == distribution


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is a JSON object"),
        ("{}", "needs a type out of float, int, categorical, but got type=None"),
        ('{"type": "complex"}', "got type='complex'"),
        ('{"type": "float", "low": 0}', "of type float needs high"),
        ('{"type": "int"}', "of type int needs low and high"),
        ('{"name": "GammaDistribution", "attributes": {}}', "No distribution is named 'GammaDistribution'"),
        ('{"name": "FloatDistribution", "attributes": {"lo": 0}}', "does not describe a distribution"),
        ('{"name": "FloatDistribution", "attributes": {"low": 1, "high": 0}}', "low must not exceed high"),
    ],
)
def test_json_that_is_refused(text, message):
    with pytest.raises(InvalidSpaceError, match=message):
        json_to_distribution(text)


def test_text_that_is_not_json():
    with pytest.raises(json.JSONDecodeError):
        json_to_distribution("float")


# Compatibility


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (FloatDistribution(0, 1), FloatDistribution(5, 6)),
        (FloatDistribution(0, 1), FloatDistribution(0, 1, step=0.1)),
        (IntDistribution(0, 1), IntDistribution(0, 100, step=10)),
        (CategoricalDistribution(["a", NAN]), CategoricalDistribution(["a", float("nan")])),
        (CategoricalDistribution("ab"), CategoricalDistribution("ab", ordered=True)),
    ],
)
def test_ranges_may_change(old, new):
    check_distribution_compatibility(old, new)
    check_distribution_compatibility(new, old)
    check_distribution_compatibility(old, old)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (FloatDistribution(0, 1), IntDistribution(0, 1), "keeps its kind"),
        (IntDistribution(0, 1), CategoricalDistribution([0, 1]), "keeps its kind"),
        (FloatDistribution(1, 2), FloatDistribution(1, 2, log=True), "keeps its log setting"),
        (IntDistribution(1, 2), IntDistribution(1, 2, log=True), "keeps its log setting"),
        (CategoricalDistribution("ab"), CategoricalDistribution("ba"), "keeps its choices"),
        (CategoricalDistribution([True, 1]), CategoricalDistribution([1, True]), "keeps its choices"),
    ],
)
def test_kind_log_and_choices_may_not_change(old, new, message):
    for pair in ((old, new), (new, old)):
        with pytest.raises(ValueError, match=message):
            check_distribution_compatibility(*pair)


def test_distributions_load_no_numpy():
    code = "import sys, optimist.distributions, optimist.search_space.space; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
