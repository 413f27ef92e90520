"""What a document holds reads back as it was, bit for bit."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from optimist.storages.documents import (
    Document,
    attr_from_json,
    attr_to_json,
    decode,
    decode_all,
    encode,
    merge,
    read_attrs,
    storable_attr,
    storable_attrs,
)

integers = st.integers(-(2**63), 2**63 - 1)
numbers = st.floats() | integers
text = st.text(st.characters())  # half surrogates and NUL included
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.just("$json") | text, inner, max_size=4),
    max_leaves=12,
)
attrs = st.dictionaries(st.text(max_size=5).filter(lambda key: "\0" not in key), values, max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    space = draw(st.lists(st.integers(0, 10**6), max_size=5, unique=True))
    steps = draw(st.lists(integers, max_size=5, unique=True))
    names = [
        "loss",
        *draw(st.lists(text.filter(lambda name: name != "loss" and _is_utf8(name)), max_size=2, unique=True)),
    ]
    names = names if steps and draw(st.booleans()) else []
    return Document(
        space,
        [draw(numbers) for _ in space],
        draw(st.none() | st.lists(st.floats(), max_size=3)),
        steps,
        [draw(st.floats()) for _ in steps],
        storable_attrs(draw(attrs)),
        storable_attrs(draw(attrs)),
        names,
        [[draw(st.none() | st.floats()) for _ in steps] for _ in names[1:]],
    )


def _is_utf8(name: str) -> bool:
    return name.encode(errors="ignore").decode() == name


def facts(document: Document) -> str:
    """Everything, exactly."""
    read = (read_attrs(document.user_attrs), read_attrs(document.system_attrs))
    named = (document.metrics, document.more)
    return repr((document.space, document.params, document.values, document.steps, document.reports, *named, *read))


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(documents(), max_size=3))
def test_documents(written: list[Document]) -> None:
    texts = [encode(document) for document in written]
    assert [facts(decode(text)) for text in texts] == [facts(document) for document in written]
    assert [facts(document) for document in decode_all(texts)] == [facts(document) for document in written]
    for text in texts:
        json.loads(text, parse_constant=refuse)  # every reader of JSON understands it


@settings(derandomize=True, deadline=None, max_examples=100)
@given(documents())
def test_merging_with_nothing_changes_nothing(document: Document) -> None:
    assert facts(merge([Document(), decode(encode(document)), Document()])) == facts(document)
    once = encode(merge([decode(encode(document))]))
    assert encode(merge([decode(once)])) == once


@settings(derandomize=True, deadline=None, max_examples=300)
@given(values)
def test_attributes(value: Any) -> None:
    written = attr_to_json(storable_attr("a", value))
    assert repr(attr_from_json(written)) == repr(json.loads(json.dumps(value)))
    json.loads(written, parse_constant=refuse)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON.")
