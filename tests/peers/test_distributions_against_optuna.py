"""Distributions and intersections, ours against Optuna's.

Left out, for we differ on purpose: bounds that are NaN or infinite and integers beyond 64 bits (refused), text as a
bound (refused), choices of equal value and different type (told apart), JSON without the needed keys (ValueError, not
KeyError), and the steps that Optuna's 28 decimal digits cannot divide.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optimist.distributions as ours
from optimist.search_space import IntersectionSearchSpace, intersection_search_space

optuna = pytest.importorskip("optuna", reason="needs Optuna: pip install --group peers")
theirs = optuna.distributions

NAN = float("nan")
VALID = [
    ("FloatDistribution", {"low": 0, "high": 1}),
    ("FloatDistribution", {"low": -1.5, "high": 2.25, "log": False, "step": None}),
    ("FloatDistribution", {"low": 1e-5, "high": 1e5, "log": True}),
    ("FloatDistribution", {"low": 0.1, "high": 0.1}),
    ("FloatDistribution", {"low": 0, "high": 1, "step": 0.1}),
    ("FloatDistribution", {"low": -0.3, "high": 1, "step": 0.1}),
    ("FloatDistribution", {"low": 0, "high": 1, "step": 0.3}),
    ("FloatDistribution", {"low": 0, "high": 1, "step": 1 / 3}),
    ("FloatDistribution", {"low": 0, "high": 1, "step": 2}),
    ("FloatDistribution", {"low": 0.1, "high": 1e6, "step": 0.7}),
    ("FloatDistribution", {"low": 1e-20, "high": 1e-10, "step": 3e-15}),
    ("FloatDistribution", {"low": np.float64(0), "high": np.int64(1)}),
    ("IntDistribution", {"low": 0, "high": 10}),
    ("IntDistribution", {"low": -7, "high": 10, "step": 3}),
    ("IntDistribution", {"low": 0, "high": 1, "step": 5}),
    ("IntDistribution", {"low": 1, "high": 1000, "log": True}),
    ("IntDistribution", {"low": 3, "high": 3}),
    ("IntDistribution", {"low": -(2**63), "high": 2**63 - 1}),
    ("IntDistribution", {"low": 1e2, "high": 1e3}),
    ("IntDistribution", {"low": 0.5, "high": 3.9}),
    ("IntDistribution", {"low": False, "high": True}),
    ("CategoricalDistribution", {"choices": ["a", "b"]}),
    ("CategoricalDistribution", {"choices": [None, True, 0, 2, 0.5, "é", NAN]}),
    ("CategoricalDistribution", {"choices": "abc"}),
    ("CategoricalDistribution", {"choices": [1]}),
    ("CategoricalDistribution", {"choices": [math.inf, -math.inf]}),
    ("CategoricalDistribution", {"choices": ["a", "a"]}),
    ("CategoricalDistribution", {"choices": [[1, 2], [3]]}),
    ("CategoricalDistribution", {"choices": np.array([0.5, 1.5])}),
    ("UniformDistribution", {"low": 0, "high": 1}),
    ("LogUniformDistribution", {"low": 0.1, "high": 1}),
    ("DiscreteUniformDistribution", {"low": 0, "high": 1, "q": 0.3}),
    ("IntUniformDistribution", {"low": 0, "high": 10, "step": 3}),
    ("IntUniformDistribution", {"low": 0, "high": 10}),
    ("IntLogUniformDistribution", {"low": 1, "high": 10}),
]
VALUES = [
    *(
        -1.0,
        -0.3,
        0,
        0.0,
        0.1,
        0.1 * 3,
        0.25,
        0.3,
        0.30000001,
        0.5,
        0.7,
        0.8999999999999999,
        0.9,
        1,
        1.0,
        1.5,
        2,
        3,
        9,
        10,
    ),
    *(1e-20, 1e-5, 1e5, 1000, 2**53 + 1, 2**63 - 1, -(2**63), math.inf, -math.inf, NAN, np.float32("nan")),
    *(True, False, None, "a", "b", "é", "0.5", "3", "nan", np.float32(0.5), np.int64(3), np.str_("a"), [1, 2], (1, 2)),
]


def outcome(call, *args, **options):
    """What a call returns, or the type of its error, and the kinds of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call(*args, **options)
        except Exception as error:  # noqa: BLE001  whatever it is, it is compared
            result = type(error)
    return result, [
        warning.category for warning in caught if issubclass(warning.category, (UserWarning, FutureWarning))
    ]


def pair(name, arguments):
    """The same distribution, ours and theirs."""
    return outcome(getattr(ours, name), **arguments)[0], outcome(getattr(theirs, name), **arguments)[0]


@pytest.mark.parametrize(("name", "arguments"), VALID)
def test_attributes_warnings_repr_and_json(name, arguments):
    mine, my_warnings = outcome(getattr(ours, name), **arguments)
    other, their_warnings = outcome(getattr(theirs, name), **arguments)
    assert my_warnings == their_warnings
    assert repr(mine) == repr(other)
    assert mine.single() == other.single()
    for attribute, value in vars(other).items():
        assert repr(getattr(mine, attribute)) == repr(value)
    assert ours.distribution_to_json(mine) == theirs.distribution_to_json(other)


@pytest.mark.parametrize(("name", "arguments"), VALID)
def test_each_reads_what_the_other_writes(name, arguments):
    mine, other = pair(name, arguments)
    text = theirs.distribution_to_json(other)
    again, my_warnings = outcome(ours.json_to_distribution, text)
    back, their_warnings = outcome(theirs.json_to_distribution, ours.distribution_to_json(mine))
    assert again == mine
    assert back == other
    assert my_warnings == their_warnings
    assert ours.distribution_to_json(again) == text


@pytest.mark.parametrize(("name", "arguments"), VALID)
def test_values_go_in_and_out_alike(name, arguments):
    mine, other = pair(name, arguments)
    for value in VALUES:
        my_internal, _ = outcome(mine.to_internal_repr, value)
        their_internal, _ = outcome(other.to_internal_repr, value)
        if isinstance(their_internal, type):
            assert issubclass(my_internal, their_internal), value
            assert not mine.contains(value)
            continue
        assert my_internal == their_internal or value == 2**53 + 1 or value == 2**63 - 1  # theirs goes through float
        my_answer, their_answer = mine._contains(my_internal), other._contains(their_internal)
        if abs(their_internal) < 2**53:
            assert my_answer == their_answer, value
            assert mine.contains(value) == my_answer
        if my_answer:
            mine_out, theirs_out = mine.to_external_repr(my_internal), other.to_external_repr(their_internal)
            assert type(mine_out) is type(theirs_out)
            assert repr(mine_out) == repr(theirs_out) or abs(their_internal) >= 2**53


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("FloatDistribution", {"low": 1, "high": 0}),
        ("FloatDistribution", {"low": 0, "high": 1, "log": True}),
        ("FloatDistribution", {"low": -1, "high": 1, "log": True}),
        ("FloatDistribution", {"low": 1, "high": 2, "log": True, "step": 0.1}),
        ("FloatDistribution", {"low": 0, "high": 1, "step": 0}),
        ("FloatDistribution", {"low": 0, "high": 1, "step": -1}),
        ("FloatDistribution", {"low": "a", "high": 1}),
        ("FloatDistribution", {"low": None, "high": 1}),
        ("FloatDistribution", {"low": 0}),
        ("IntDistribution", {"low": 1, "high": 0}),
        ("IntDistribution", {"low": 0, "high": 5, "log": True}),
        ("IntDistribution", {"low": 1, "high": 5, "log": True, "step": 2}),
        ("IntDistribution", {"low": 0, "high": 5, "step": 0}),
        ("IntDistribution", {"low": 0, "high": 5, "step": -2}),
        ("IntDistribution", {"low": None, "high": 5}),
        ("IntDistribution", {"low": 0, "high": "5"}),
        ("IntDistribution", {"low": 0, "high": NAN}),
        ("CategoricalDistribution", {"choices": []}),
        ("CategoricalDistribution", {"choices": ()}),
        ("CategoricalDistribution", {"choices": None}),
        ("CategoricalDistribution", {"choices": 3}),
        ("UniformDistribution", {"low": 1, "high": 0}),
        ("LogUniformDistribution", {"low": 0, "high": 1}),
        ("DiscreteUniformDistribution", {"low": 0, "high": 1, "q": 0}),
        ("IntUniformDistribution", {"low": 0, "high": 1, "step": 0}),
        ("IntLogUniformDistribution", {"low": 0, "high": 1}),
        ("IntLogUniformDistribution", {"low": 1, "high": 9, "step": 2}),
    ],
)
def test_the_same_mistakes_raise_the_same_builtin_errors(name, arguments):
    mine, _ = outcome(getattr(ours, name), **arguments)
    other, _ = outcome(getattr(theirs, name), **arguments)
    assert issubclass(mine, other)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "FloatDistribution", "attributes": {"low": 0.0, "high": 1.0}}',
        '{"name": "FloatDistribution", "attributes": {"low": 1.0, "high": 2.0, "log": true}}',
        '{"name": "IntDistribution", "attributes": {"low": 0, "high": 5}}',
        '{"name": "IntUniformDistribution", "attributes": {"low": 0, "high": 5}}',
        '{"type": "float", "low": 0, "high": 1}',
        '{"type": "float", "low": 0, "high": 1, "step": 0.25}',
        '{"type": "float", "low": 1, "high": 2, "log": true}',
        '{"type": "int", "low": 0, "high": 9, "step": 3}',
        '{"type": "int", "low": 1, "high": 9, "log": true}',
        '{"type": "categorical", "choices": ["a", 1, null]}',
        '{"type": "complex"}',
        '{"name": "GammaDistribution", "attributes": {}}',
        '{"type": "float", "low": 1, "high": 0}',
        '{"name": "FloatDistribution", "attributes": {"lo": 1}}',
        "not json",
    ],
)
def test_json_texts(text):
    mine, _ = outcome(ours.json_to_distribution, text)
    other, _ = outcome(theirs.json_to_distribution, text)
    if isinstance(other, type):
        assert issubclass(mine, other)
    else:
        assert repr(mine) == repr(other)


def test_a_choice_that_json_cannot_hold_is_a_type_error_at_both():
    mine, other = pair("CategoricalDistribution", {"choices": [object()]})
    assert issubclass(outcome(ours.distribution_to_json, mine)[0], TypeError)
    assert outcome(theirs.distribution_to_json, other)[0] is TypeError


def test_equality_and_compatibility_of_all_pairs():
    cases = [
        case for case in VALID if not isinstance(case[1].get("choices"), np.ndarray)
    ]  # numpy cannot compare with lists
    pairs = [pair(*case) for case in cases]
    for (mine, other), (my_second, their_second) in itertools.product(pairs, pairs):
        assert (mine == my_second) == (other == their_second)
        my_verdict, _ = outcome(ours.check_distribution_compatibility, mine, my_second)
        their_verdict, _ = outcome(theirs.check_distribution_compatibility, other, their_second)
        assert (my_verdict is None) == (their_verdict is None)
        if their_verdict is not None:
            assert issubclass(my_verdict, their_verdict)


def test_signatures():
    import inspect

    for name in {name for name, _ in VALID}:
        mine, other = (list(inspect.signature(getattr(module, name)).parameters.values()) for module in (ours, theirs))
        assert [(p.name, p.default, p.kind) for p in mine[: len(other)]] == [(p.name, p.default, p.kind) for p in other]
        assert [p.name for p in mine[len(other) :]] == (["ordered"] if name == "CategoricalDistribution" else [])


@given(
    st.decimals(-1000, 1000, places=3),
    st.decimals(0, 1000, places=3),
    st.decimals("0.001", 100, places=3),
)
@settings(max_examples=300, deadline=None)
def test_decimal_ranges_end_alike(low, width, step):
    arguments = {"low": float(low), "high": float(low + width), "step": float(step)}
    mine, my_warnings = outcome(ours.FloatDistribution, **arguments)
    other, their_warnings = outcome(theirs.FloatDistribution, **arguments)
    assert (mine.low, mine.high, mine.step, my_warnings) == (other.low, other.high, other.step, their_warnings)
    assert mine.single() == other.single()
    for value in (low, low + width, low + width / 2, low + step * 2, low + step / 3):
        assert mine._contains(float(value)) == other._contains(float(value))


# Intersections

NAMES = ("a", "b", "c")


def random_history(rng):
    """Trials of both libraries with the same parameters, in states of all kinds."""
    kinds = [
        ("FloatDistribution", {"low": 0.0, "high": 1.0}),
        ("FloatDistribution", {"low": 0.0, "high": 2.0}),
        ("IntDistribution", {"low": 0, "high": 9}),
        ("CategoricalDistribution", {"choices": (0, 1)}),
    ]
    states = ["COMPLETE"] * 5 + ["PRUNED", "FAIL", "RUNNING", "WAITING"]
    mine, other = [], []
    for number in range(rng.randint(0, 8)):
        names = rng.sample(NAMES, k=rng.choice([2, 3, 3, 3]))
        chosen = {name: kinds[0] if rng.random() < 0.9 else rng.choice(kinds) for name in names}
        state = rng.choice(states)
        trial = optuna.trial.create_trial(
            state=optuna.trial.TrialState[state],
            value=1.0 if state == "COMPLETE" else None,
            params={} if state == "WAITING" else dict.fromkeys(chosen, 0.0),
            distributions={}
            if state == "WAITING"
            else {name: getattr(theirs, kind)(**arguments) for name, (kind, arguments) in chosen.items()},
        )
        trial.number = number
        twin = copy.copy(trial)  # a stand-in: all that is read of a trial is its state and its distributions
        twin.distributions = {
            name: getattr(ours, type(d).__name__)(**d._asdict()) for name, d in trial.distributions.items()
        }
        mine.append(twin)
        other.append(trial)
    return mine, other


@pytest.mark.parametrize("include_pruned", [False, True])
def test_intersections(include_pruned):
    rng = random.Random(0)
    for _ in range(100):
        mine, other = random_history(rng)
        expected = optuna.search_space.intersection_search_space(other, include_pruned=include_pruned)
        whole = intersection_search_space(mine, include_pruned=include_pruned)
        assert [(name, repr(d)) for name, d in whole.items()] == [(name, repr(d)) for name, d in expected.items()]


def test_a_study_of_optuna_can_be_followed_too():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    mine, peer = IntersectionSearchSpace(), optuna.search_space.IntersectionSearchSpace()
    for n in range(6):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        if n != 4:
            trial.suggest_int("y", 0, 9)
        assert mine.calculate(study) == peer.calculate(study)
        study.tell(trial, float(n))
        assert mine.calculate(study) == peer.calculate(study)
