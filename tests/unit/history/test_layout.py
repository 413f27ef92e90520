"""Layouts: trials that asked for the same parameters share a node, and a name keeps its kind."""

from __future__ import annotations

import pickle

import pytest

from optimist.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optimist.history.columns import FLOAT, INT
from optimist.history.layout import LayoutTree, internal_value, kind_of

X = FloatDistribution(0.0, 1.0)
N = IntDistribution(1, 9)
KIND = CategoricalDistribution(("a", None, 2.5))


def test_the_same_suggestions_lead_to_the_same_layout() -> None:
    tree = LayoutTree()
    first = tree.layout_of({"x": X, "n": N})
    again = tree.layout_of({"x": FloatDistribution(0.0, 1.0), "n": IntDistribution(1, 9)})
    assert first is again
    assert len(tree.layouts) == 3  # the root, x, x and n
    assert [layout.index for layout in tree.layouts] == [0, 1, 2]


def test_order_and_ranges_make_other_layouts_of_the_same_columns() -> None:
    tree = LayoutTree()
    layouts = [
        tree.layout_of(distributions)
        for distributions in ({"x": X, "n": N}, {"n": N, "x": X}, {"x": FloatDistribution(0.0, 2.0), "n": N})
    ]
    assert len({layout.index for layout in layouts}) == 3
    assert len(tree.columns) == 2
    assert layouts[0].columns == layouts[2].columns == layouts[1].columns[::-1]


def test_what_a_layout_knows() -> None:
    tree = LayoutTree()
    layout = tree.layout_of({"x": X, "kind": KIND, "n": N})
    assert [edge.name for edge in layout.path()] == ["x", "kind", "n"]
    assert {name: position for name, (position, _) in layout.items.items()} == {"x": 0, "kind": 1, "n": 2}
    assert list(layout.distributions.items()) == [("x", X), ("kind", KIND), ("n", N)]
    assert layout.params([0.25, 2, 7]) == {"x": 0.25, "kind": 2.5, "n": 7}
    assert layout.params([0.25]) == {"x": 0.25}
    found = layout.find("kind")
    assert found is not None
    assert found.distribution == KIND
    assert layout.find("y") is None
    assert (tree.root.path(), tree.root.items, tree.root.find("x")) == ([], {}, None)


def test_the_same_call_is_recognised_by_what_the_user_wrote() -> None:
    tree = LayoutTree()
    narrow = tree.extend(tree.root, "x", X, signature=(0.0, 1.0))
    assert tree.root.edges == {"x": narrow}
    wide = tree.extend(tree.root, "x", FloatDistribution(0.0, 2.0), signature=(0.0, 2.0))
    assert tree.root.edges == {"x": wide}  # the last one
    assert tree.extend(tree.root, "x", X) is narrow
    assert tree.root.edges == {"x": wide}  # a store has not written anything


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (X, IntDistribution(0, 1)),
        (N, FloatDistribution(1, 9)),
        (X, CategoricalDistribution((0.0, 1.0))),
        (KIND, CategoricalDistribution(("a", None))),
        (KIND, CategoricalDistribution((None, "a", 2.5))),
        (FloatDistribution(1, 2), FloatDistribution(1, 2, log=True)),
    ],
)
def test_a_name_keeps_its_kind(first: BaseDistribution, later: BaseDistribution) -> None:
    tree = LayoutTree()
    tree.layout_of({"p": first})
    with pytest.raises(ValueError):  # noqa: PT011  the message is tested with the distributions
        tree.layout_of({"q": X, "p": later})
    assert tree.kind("p") == first
    assert tree.kind("unknown") is None
    assert [edge.name for layout in tree.layouts for edge in layout.path()] == ["p", "q"]


def test_equal_choices_of_other_types_are_given_back_as_written() -> None:
    tree = LayoutTree()
    for choices in ((1, 0), (True, False), (1.0, 0.0)):
        layout = tree.layout_of({"flag": CategoricalDistribution(choices)})
        assert [type(layout.params([i])["flag"]) for i in (0, 1)] == [type(choice) for choice in choices]


def test_columns_are_exact_for_integers() -> None:
    assert [kind_of(distribution) for distribution in (X, N, KIND)] == [FLOAT, INT, INT]
    tree = LayoutTree()
    tree.layout_of({"n": IntDistribution(0, 2**62)})
    tree.columns["n"].set(0, 2**62 - 1)
    assert tree.columns["n"].head(1).tolist() == [2**62 - 1]


def test_internal_values() -> None:
    assert [internal_value(KIND, choice) for choice in KIND.choices] == [0, 1, 2]
    assert (internal_value(X, 1), type(internal_value(X, 1))) == (1.0, float)
    assert (internal_value(N, 3.0), type(internal_value(N, 3.0))) == (3, int)
    with pytest.raises(ValueError, match="'b'"):
        internal_value(KIND, "b")


def test_hundreds_of_parameters_are_pickled_without_recursion() -> None:
    tree = LayoutTree()
    deep = tree.layout_of({f"p{i}": X for i in range(3000)})
    side = tree.extend(tree.layouts[5], "n", N).target
    tree.columns["n"].set(0, 8)
    travelled, (deep_again, side_again) = pickle.loads(pickle.dumps((tree, (deep, side))))
    assert len(travelled.layouts) == len(tree.layouts)
    assert deep_again is travelled.layouts[deep.index]
    assert side_again.distributions == side.distributions
    assert side_again.columns[-1].head(1).tolist() == [8]
    with pytest.raises(ValueError):  # noqa: PT011  kinds travel as well
        travelled.layout_of({"n": X})
