from __future__ import annotations

from optimist.distributions import FloatDistribution, IntDistribution
from optimist.history.draft import SpaceParams, TrialChange

X, N = FloatDistribution(0.0, 1.0), IntDistribution(1, 3)


def test_params_of_a_shared_space_are_a_sequence_of_triples() -> None:
    params = SpaceParams((("x", X), ("n", N)), [0.5, 2])
    triples = [("x", X, 0.5), ("n", N, 2)]
    assert list(params) == triples
    assert len(params) == 2
    assert params[0] == triples[0]
    assert params[-1] == triples[-1]
    assert params[:1] == triples[:1]
    assert params == triples
    assert params == SpaceParams((("x", X), ("n", N)), [0.5, 2])
    assert params != [("x", X, 0.25), ("n", N, 2)]
    assert params != "params"
    assert repr(params) == repr(triples)
    assert not SpaceParams((), [])


def test_change_that_says_nothing_is_false() -> None:
    assert not TrialChange(3, trial_id=7)
    for change in (
        TrialChange(3, params=[("x", X, 0.5)]),
        TrialChange(3, reports={0: 1.0}),
        TrialChange(3, user_attrs={"a": None}),
        TrialChange(3, completed_us=0),
    ):
        assert change
