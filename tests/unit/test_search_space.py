from __future__ import annotations

import pickle
import random
from dataclasses import dataclass, field

import pytest

import optimist.search_space
from optimist.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optimist.search_space import (
    Groups,
    Intersection,
    IntersectionSearchSpace,
    SearchSpace,
    intersection_search_space,
)
from optimist.states import StudyDirection, TrialState

X, Y, Z = FloatDistribution(0, 1), IntDistribution(1, 10), CategoricalDistribution("abc")


@dataclass
class Trial:
    distributions: dict[str, BaseDistribution]
    state: TrialState = TrialState.COMPLETE


@dataclass
class Study:
    trials: list[Trial] = field(default_factory=list)
    _study_id: int = 0
    n_read: int = 0

    def get_trials(self, deepcopy=True):
        study = self

        class Counting(list):
            def __getitem__(self, index):
                part = super().__getitem__(index)
                study.n_read += len(part)
                return part

        return Counting(self.trials)


def test_public_names():
    assert {"IntersectionSearchSpace", "intersection_search_space"} <= set(optimist.search_space.__all__)
    assert dir(optimist.search_space) == sorted(optimist.search_space.__all__)


def test_states_are_the_numbers_that_stores_keep():
    assert [(state.name, state.value) for state in TrialState] == [
        ("RUNNING", 0),
        ("COMPLETE", 1),
        ("PRUNED", 2),
        ("FAIL", 3),
        ("WAITING", 4),
    ]
    assert [state for state in TrialState if state.is_finished()] == [
        TrialState.COMPLETE,
        TrialState.PRUNED,
        TrialState.FAIL,
    ]
    assert str(TrialState.COMPLETE) == "TrialState.COMPLETE"
    assert [(d.name, d.value) for d in StudyDirection] == [("NOT_SET", 0), ("MINIMIZE", 1), ("MAXIMIZE", 2)]


# SearchSpace


def test_a_space_is_a_mapping_in_order():
    space = SearchSpace({"y": Y, "x": X})
    assert space.names == ("y", "x")
    assert list(space) == ["y", "x"]
    assert list(space.items()) == [("y", Y), ("x", X)]
    assert list(space.values()) == [Y, X]
    assert (len(space), space["x"], "x" in space, "z" in space) == (2, X, True, False)
    assert SearchSpace([("y", Y), ("x", X)]) == space
    with pytest.raises(KeyError):
        space["z"]
    with pytest.raises(TypeError):
        space["z"] = Z
    assert eval(repr(space)) == space


def test_spaces_are_equal_with_their_order_and_other_mappings_without():
    space = SearchSpace({"x": X, "y": Y})
    assert space == SearchSpace({"x": X, "y": Y})
    assert hash(space) == hash(SearchSpace({"x": X, "y": Y}))
    assert space != SearchSpace({"y": Y, "x": X})
    assert space == {"y": Y, "x": X}
    assert space != {"x": X}
    assert space != 5
    assert pickle.loads(pickle.dumps(space)) == space


@pytest.mark.parametrize(
    ("distributions", "cardinality"),
    [({}, 1), ({"x": X}, None), ({"y": Y, "z": Z}, 30), ({"x": X, "z": Z}, None), ({"y": IntDistribution(3, 3)}, 1)],
)
def test_cardinality(distributions, cardinality):
    space = SearchSpace(distributions)
    assert space.cardinality == cardinality
    assert space.is_finite == (cardinality is not None)


def test_without_singles():
    space = SearchSpace({"x": X, "one": IntDistribution(1, 1)})
    assert space.without_singles() == SearchSpace({"x": X})
    assert space.without_singles().without_singles() is not space
    assert SearchSpace({"x": X}).without_singles() == {"x": X}
    assert (multi := SearchSpace({"x": X})).without_singles() is multi


# Intersection


def test_the_intersection_shrinks():
    intersection = Intersection()
    assert intersection.space == {}
    intersection.add((("y", Y), ("x", X), ("z", Z)))
    assert intersection.space.names == ("x", "y", "z")
    space = intersection.space
    intersection.add((("z", Z), ("y", Y), ("x", X), ("w", X)))
    assert intersection.space is space
    intersection.add((("x", FloatDistribution(0, 2)), ("y", Y)))
    assert intersection.space == {"y": Y}
    intersection.add((("x", X), ("y", Y)))
    assert intersection.space == {"y": Y}
    intersection.add(())
    assert intersection.space == {}


def test_the_same_layout_again_is_not_even_read():
    intersection = Intersection()
    layout = (("x", X),)
    intersection.add(layout)
    space = intersection.space
    intersection.add(layout)
    assert intersection.space is space


def test_intersection_search_space():
    trials = [
        Trial({"x": X}, TrialState.FAIL),
        Trial({"z": Z, "y": Y, "x": X}),
        Trial({"y": Y}, TrialState.PRUNED),
        Trial({"y": Y, "x": X}),
        Trial({}, TrialState.RUNNING),
        Trial({}, TrialState.WAITING),
    ]
    assert list(intersection_search_space(trials).items()) == [("x", X), ("y", Y)]
    assert intersection_search_space(trials, include_pruned=True) == {"y": Y}
    assert intersection_search_space([]) == {}
    assert type(intersection_search_space(trials)) is dict


@pytest.mark.parametrize("include_pruned", [False, True])
def test_the_incremental_intersection_agrees_with_the_whole_one(include_pruned):
    rng = random.Random(0)
    for _ in range(20):
        study, incremental = Study(), IntersectionSearchSpace(include_pruned)
        for _ in range(30):
            names = rng.sample(["x", "y", "z"], k=rng.choice([2, 3, 3, 3, 3]))
            open_state = rng.choice([TrialState.RUNNING, TrialState.WAITING])
            study.trials.append(Trial({name: {"x": X, "y": Y, "z": Z}[name] for name in names}, open_state))
            still_open = [trial for trial in study.trials if not trial.state.is_finished()]
            for trial in rng.sample(still_open, k=rng.randint(0, min(2, len(still_open)))):
                trial.state = rng.choice([TrialState.COMPLETE] * 3 + [TrialState.PRUNED, TrialState.FAIL])
            whole = intersection_search_space(study.trials, include_pruned)
            assert list(incremental.calculate(study).items()) == list(whole.items())


def test_finished_trials_are_read_once():
    study, incremental = Study([Trial({"x": X}) for _ in range(100)]), IntersectionSearchSpace()
    first = incremental.calculate(study, use_cache=True)
    first.clear()  # the caller's own copy
    study.trials.append(Trial({"x": X}))
    assert incremental.calculate(study) == {"x": X}
    assert study.n_read == 101


def test_one_study_per_instance():
    incremental = IntersectionSearchSpace()
    incremental.calculate(Study(_study_id=1))
    with pytest.raises(ValueError, match="follows one study"):
        incremental.calculate(Study(_study_id=2))


# Groups


def test_groups_split():
    groups = Groups()
    assert groups.spaces == ()
    groups.add((("y", Y), ("x", X)))
    assert groups.spaces == ({"x": X, "y": Y},)
    groups.add((("z", Z), ("x", X)))
    assert groups.spaces == ({"x": X}, {"y": Y}, {"z": Z})
    spaces = groups.spaces
    groups.add((("x", X),))
    groups.add(())
    groups.add((("y", Y), ("x", X), ("z", Z)))
    assert groups.spaces == spaces


def test_groups_keep_their_objects_until_something_changes():
    groups = Groups()
    layout = (("x", X), ("y", Y))
    groups.add(layout)
    spaces = groups.spaces
    groups.add(layout)
    groups.add((("y", Y), ("x", X)))
    assert groups.spaces is spaces


def test_groups_take_the_latest_range():
    groups = Groups()
    groups.add((("x", X),))
    groups.add((("x", FloatDistribution(0, 2)),))
    assert groups.spaces == ({"x": FloatDistribution(0, 2)},)


def test_groups_agree_with_their_definition():
    rng = random.Random(1)
    names = "abcdefg"
    for _ in range(50):
        layouts = [rng.sample(names, k=rng.randint(0, 6)) for _ in range(rng.randint(1, 6))]
        groups = Groups()
        for layout in layouts:
            groups.add(tuple((name, X) for name in layout))
        by_pattern: dict[tuple[bool, ...], set[str]] = {}
        for name in names:
            by_pattern.setdefault(tuple(name in layout for layout in layouts), set()).add(name)
        by_pattern.pop((False,) * len(layouts), None)
        assert sorted(map(sorted, groups.spaces)) == sorted(map(sorted, by_pattern.values()))
