"""TPE beside Optuna's: the same observations make the same densities, the same trials are good, the same options work.

Two things differ on purpose, see `docs/compatibility.md`: the kernels of good trials may be half as wide as Optuna's
narrowest, and beyond a number of trials not each of the others has a kernel. Here the first is undone where densities
are compared, and studies are short enough for the second.
"""

from __future__ import annotations

import inspect
import warnings
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import optuna
import pytest
from optuna.samplers._tpe import sampler as theirs
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters

import optimist
from optimist.samplers.tpe import model
from optimist.samplers.tpe import sampler as ours
from optimist.search_space.space import SearchSpace

NAMES = ("x", "rate", "n", "width", "kind", "flag")


def space_of(library: ModuleType) -> dict[str, Any]:
    d = library.distributions
    return {
        "x": d.FloatDistribution(-3.0, 5.0),
        "rate": d.FloatDistribution(1e-5, 1.0, log=True),
        "n": d.IntDistribution(0, 40_000, step=2),
        "width": d.IntDistribution(2, 2000, log=True),
        "kind": d.CategoricalDistribution(("a", "b", "c")),
        "flag": d.CategoricalDistribution((True, False)),
    }


def observations(n: int) -> list[dict[str, Any]]:
    """Parameters of n trials. No two integers are equal: which of equal ones is the neighbour of another is arbitrary."""
    rng = np.random.default_rng(n)
    even, widths = 2 * rng.permutation(20_000)[:n], 2 + rng.permutation(1999)[:n]
    return [
        {
            "x": float(rng.uniform(-3, 5)),
            "rate": float(10 ** rng.uniform(-5, 0)),
            "n": int(even[i]),
            "width": int(widths[i]),
            "kind": str(rng.choice(["a", "b", "c"])),
            "flag": bool(rng.integers(2)),
        }
        for i in range(n)
    ]


def study_of(library: ModuleType, n: int, n_objectives: int = 1, variety: bool = False) -> Any:
    """A study of n given trials; with variety some are pruned, and some violate constraints."""
    rng = np.random.default_rng(7)
    study = library.create_study(directions=["minimize", "maximize", "minimize"][:n_objectives])
    state = library.trial.TrialState
    for params in observations(n):
        is_pruned, violated, values = rng.random() < 0.3, rng.normal(), rng.normal(size=n_objectives).tolist()
        reports = {step: float(rng.normal()) for step in range(rng.integers(0, 4))}
        study.add_trial(
            library.trial.create_trial(
                state=state.PRUNED if variety and is_pruned else state.COMPLETE,
                values=None if variety and is_pruned else values,
                params=params,
                distributions=space_of(library),
                intermediate_values=reports if variety else {},
                constraints={"c": violated - 0.8} if variety else {},
            )
        )
    return study


def settings_for(study: Any, **options: Any) -> model.Settings:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return optimist.samplers.TPESampler(**options)._model_settings()


def our_good(study: Any, m: int) -> list[int]:
    view = study.view()
    return sorted(view.numbers[model._best_rows(view, NAMES, m)].tolist())


def their_good(study: Any, m: int) -> list[int]:
    return [trial.number for trial in theirs._split_trials(study, study.trials, m)[0]]


@pytest.mark.parametrize("n", [1, 2, 11, 60, 130])
@pytest.mark.parametrize("options", [{}, {"consider_endpoints": True}, {"prior_weight": 0.3}], ids=str)
def test_the_same_observations_make_the_same_ratio_of_densities(n: int, options: dict[str, Any]) -> None:
    study, space = study_of(optimist, n), SearchSpace(space_of(optimist))
    with mock.patch.object(model, "FINENESS", 1.0):
        split = model.split_trials(study.view(), space, settings_for(study, **options))
        densities = model.Model(space, split, settings_for(study, **options).rule)

    peer, their_space = study_of(optuna, n), space_of(optuna)
    groups = theirs._split_trials(peer, peer.trials, ours.default_gamma(n))
    arguments = {"prior_weight": 1.0, "consider_endpoints": False, **options}
    rule = _ParzenEstimatorParameters(
        consider_magic_clip=True, weights=theirs.default_weights, multivariate=True, **arguments
    )
    below, above = (
        _ParzenEstimator(
            {
                name: np.array([d.to_internal_repr(t.params[name]) for t in group], dtype=float)
                for name, d in their_space.items()
            },
            their_space,
            rule,
        )
        for group in groups
    )
    candidates = below.sample(np.random.RandomState(0), 200)
    expected = below.log_pdf(candidates) - above.log_pdf(candidates)
    points = densities.box.points(np.array([candidates[name] for name in densities.box.names]))
    # Cells of n are fine beside its kernels, so that our density there is that at their middle: off by 1e-6 at most.
    assert densities.gain(points) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("m", [1, 3, 20, 40, 55, 60])
@pytest.mark.parametrize("variety", [False, True])
def test_the_same_trials_are_good(m: int, variety: bool) -> None:
    assert our_good(study_of(optimist, 60, variety=variety), m) == their_good(study_of(optuna, 60, variety=variety), m)


@pytest.mark.parametrize("n_objectives", [2, 3])
@pytest.mark.parametrize("m", [1, 6, 15])
def test_with_several_objectives_the_same_fronts_are_good(n_objectives: int, m: int) -> None:
    found = set(our_good(study_of(optimist, 60, n_objectives), m))
    expected = set(their_good(study_of(optuna, 60, n_objectives), m))
    # Both fill up with whole fronts; of the last one they choose by hypervolume, Optuna forwards, we backwards.
    losses = np.array([t.values for t in study_of(optuna, 60, n_objectives).trials]) * [1, -1, 1][:n_objectives]
    ranks = theirs._fast_non_domination_rank(losses)
    assert len(found) == len(expected) == m
    assert sorted(ranks[list(found)]) == sorted(ranks[list(expected)])


@pytest.mark.parametrize(
    ("function", "sizes"),
    [
        ("default_gamma", range(600)),
        ("hyperopt_default_gamma", range(1, 600)),
    ],
)
def test_numbers_of_good_trials_agree(function: str, sizes: range) -> None:
    assert [getattr(ours, function)(n) for n in sizes] == [getattr(theirs, function)(n) for n in sizes]


def test_weights_agree() -> None:
    for n in [*range(60), 500]:
        assert ours.default_weights(n) == pytest.approx(theirs.default_weights(n))


def test_arguments_and_their_defaults_agree() -> None:
    found, expected = (inspect.signature(library.samplers.TPESampler).parameters for library in (optimist, optuna))
    for name, parameter in expected.items():
        assert found[name].default == parameter.default
    assert set(found) - set(expected) == {"duplicates"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("consider_prior", True),
        ("prior_weight", 1.0),
        ("consider_magic_clip", True),
        ("consider_endpoints", False),
        ("gamma", len),
        ("weights", np.ones),
        ("warn_independent_sampling", True),
        ("constraints_func", lambda trial: (0.0,)),
    ],
)
def test_the_same_arguments_are_deprecated(name: str, value: Any) -> None:
    for library in (optimist, optuna):
        with pytest.warns(FutureWarning, match=name):
            library.samplers.TPESampler(**{name: value})


def test_hyperopts_arguments_have_the_same_names_and_values() -> None:
    with pytest.warns(FutureWarning):
        found, expected = (library.samplers.TPESampler.hyperopt_parameters() for library in (optimist, optuna))
    assert found.keys() == expected.keys()
    assert [v for v in found.values() if not callable(v)] == [v for v in expected.values() if not callable(v)]


@pytest.mark.parametrize("options", [{}, {"multivariate": False}, {"group": True, "multivariate": True}], ids=str)
@pytest.mark.parametrize("n_objectives", [1, 2])
def test_the_same_space_is_searched_jointly(options: dict[str, Any], n_objectives: int) -> None:
    spaces = []
    for library in (optimist, optuna):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sampler = library.samplers.TPESampler(**options)
        study = study_of(library, 12, n_objectives)
        x = library.distributions.FloatDistribution(-3.0, 5.0)
        study.add_trial(
            library.trial.create_trial(values=[0.0] * n_objectives, params={"x": 1.0}, distributions={"x": x})
        )
        spaces.append(set(sampler.infer_relative_search_space(study, study.trials[-1])))
    assert spaces[0] == spaces[1]
