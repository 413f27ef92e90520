"""Studies of any content, for both libraries, and what makes two studies the same whichever library holds them."""

from __future__ import annotations

import datetime
from typing import Any

import hypothesis.strategies as st
import optuna

import optimist

Spec = dict[str, Any]

# What MySQL's and PostgreSQL's texts hold as well: no NUL, no halves of surrogate pairs.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NAMES = TEXT.filter(lambda text: text.strip() == text != "")
FLOATS = st.floats(width=64)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)
ATTRS = st.dictionaries(NAMES, JSON, max_size=3)
TIMES = st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2090, 1, 1))  # noqa: DTZ001  local, as Optuna's are


@st.composite
def params(draw: st.DrawFn, library: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values and distributions; each parameter keeps its kind, its range may change, and any may be missing."""
    kinds = library.distributions
    low, high = sorted(draw(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))))
    small, large = sorted(draw(st.tuples(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40))))
    n_steps = draw(st.integers(0, 5))
    choices = (None, True, 2, 0.1, "ü\n", "")
    drawn = {
        "float": (kinds.FloatDistribution(low, high), draw(st.floats(low, high))),
        "log": (kinds.FloatDistribution(1e-300, 1e300, log=True), draw(st.floats(1e-300, 1e300))),
        "step": (kinds.FloatDistribution(0.0, 1.25, step=0.25), 0.25 * n_steps),
        "int": (kinds.IntDistribution(small, large), draw(st.integers(small, large))),
        "int log": (kinds.IntDistribution(1, 2**20, log=True), draw(st.integers(1, 2**20))),
        "int step": (kinds.IntDistribution(1, 16, step=3), 1 + 3 * n_steps),
        "käse": (kinds.CategoricalDistribution(choices), draw(st.sampled_from(choices))),
    }
    names = draw(st.lists(st.sampled_from(sorted(drawn)), unique=True))
    return {name: drawn[name][1] for name in names}, {name: drawn[name][0] for name in names}


@st.composite
def trials(draw: st.DrawFn, library: Any, n_objectives: int) -> Any:
    """A trial of any state, as ``create_trial`` makes it."""
    state = draw(st.sampled_from(list(library.trial.TrialState)))
    values = None
    number = st.floats(allow_nan=False)
    if state.name == "COMPLETE" or (state.name == "PRUNED" and draw(st.booleans())):
        values = draw(st.lists(number, min_size=n_objectives, max_size=n_objectives))
    found, distributions = draw(params(library))
    system_attrs = dict(draw(ATTRS))
    if draw(st.booleans()):
        system_attrs["constraints:" + draw(NAMES)] = draw(number)
    trial = library.trial.create_trial(
        state=state,
        values=values,
        params=found,
        distributions=distributions,
        user_attrs=draw(ATTRS),
        system_attrs=system_attrs,
        intermediate_values=draw(st.dictionaries(st.integers(0, 2**31 - 1), FLOATS, max_size=4)),
    )
    if state.name != "WAITING":
        trial.datetime_start = draw(TIMES)
    if state.is_finished():
        trial.datetime_complete = draw(TIMES)
    return trial


@st.composite
def studies(draw: st.DrawFn, library: Any) -> Spec:
    """A study: its name, directions, attributes and trials."""
    directions = draw(st.lists(st.sampled_from(["minimize", "maximize"]), min_size=1, max_size=3))
    return {
        "name": draw(NAMES),
        "directions": directions,
        "user_attrs": draw(ATTRS),
        "system_attrs": draw(ATTRS),
        "trials": draw(st.lists(trials(library, len(directions)), max_size=4)),
        "queue": draw(st.lists(st.fixed_dictionaries({"float": st.floats(0, 1)}), max_size=1)),
    }


def make(library: Any, storage: Any, spec: Spec) -> Any:
    """Make the study in a storage of the library."""
    study = library.create_study(storage=storage, study_name=spec["name"], directions=spec["directions"])
    for key, value in spec["user_attrs"].items():
        study.set_user_attr(key, value)
    for key, value in spec["system_attrs"].items():
        study._storage.set_study_system_attr(study._study_id, key, value)
    for trial in spec["trials"]:
        study.add_trial(trial)
    for queued in spec["queue"]:
        study.enqueue_trial(queued, user_attrs={"queued": True})
    return study


def told(study: Any) -> dict[str, Any]:
    """All that a study says, in words that do not depend on the library; NaN is itself, 1 is not 1.0."""
    return {
        "name": study.study_name,
        "directions": [direction.name for direction in study.directions],
        "user_attrs": by_key(study.user_attrs),
        "system_attrs": by_key(study._storage.get_study_system_attrs(study._study_id)),
        "trials": [told_trial(trial) for trial in study.get_trials(deepcopy=False)],
    }


def told_trial(trial: Any) -> dict[str, Any]:
    """All that a trial says."""
    return {
        "number": trial.number,
        "state": trial.state.name,
        "values": repr(trial.values),
        "datetime_start": trial.datetime_start,
        "datetime_complete": trial.datetime_complete,
        "params": by_key(trial.params),
        "distributions": by_key(trial.distributions),
        "user_attrs": by_key(trial.user_attrs),
        "system_attrs": by_key(trial.system_attrs),
        "intermediate_values": repr(sorted(trial.intermediate_values.items())),
        "constraints": by_key(trial.constraints),
    }


def by_key(items: dict[str, Any]) -> dict[str, str]:
    return {key: repr(value) for key, value in items.items()}


def of_optuna(storage: Any, name: str) -> dict[str, Any]:
    return told(optuna.load_study(study_name=name, storage=storage))


def of_optimist(storage: Any, name: str) -> dict[str, Any]:
    return told(optimist.load_study(study_name=name, storage=storage))
