from __future__ import annotations

import json
import math
from typing import Any

import pytest

from optimist.exceptions import StorageInternalError
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

FULL = Document(
    space=[0, 3],
    params=[0.25, 7],
    values=[1.5, -0.0],
    steps=[0, 5],
    reports=[0.5, 1e300],
    user_attrs={"a": [1, None]},
    system_attrs={"b": "x"},
)


def test_named_metrics_are_plain_json() -> None:
    document = Document(steps=[0, 5], reports=[0.5, 1.5])
    document.set_metrics({"loss": {}, "accuracy": {5: math.nan}})
    assert json.loads(encode(document)) == {
        "steps": [0, 5],
        "reports": [0.5, 1.5],
        "metrics": ["loss", "accuracy"],
        "more": [[None, "NaN"]],
    }
    assert repr(decode(encode(document))) == repr(document)
    assert repr(document.named()) == repr({"loss": {}, "accuracy": {5: math.nan}})


def test_metrics_are_merged_step_by_step() -> None:
    first = Document(steps=[0], reports=[0.5], metrics=["loss", "a"], more=[[1.0]])
    second = Document(steps=[1], reports=[0.25], metrics=["loss", "b"], more=[[2.0]])
    merged = merge([first, second, Document(user_attrs={"k": 1})])
    assert (merged.metrics, merged.more) == (["loss", "a", "b"], [[1.0, None], [None, 2.0]])


def test_document_is_plain_json() -> None:
    assert json.loads(encode(FULL)) == {
        "space": [0, 3],
        "params": [0.25, 7],
        "values": [1.5, -0.0],
        "steps": [0, 5],
        "reports": [0.5, 1e300],
        "user_attrs": {"a": [1, None]},
        "system_attrs": {"b": "x"},
    }
    assert decode(encode(FULL)) == FULL


def test_what_is_empty_is_left_out() -> None:
    assert encode(Document()) == "{}"
    assert decode("{}") == Document()
    assert decode(encode(Document(values=[]))).values == []


def test_kinds_of_numbers_are_kept() -> None:
    read = decode(encode(Document(space=[0, 1, 2], params=[1, 1.0, 2**63 - 1])))
    assert repr(read.params) == "[1, 1.0, 9223372036854775807]"


def test_numbers_without_json_are_escaped() -> None:
    odd = [math.nan, math.inf, -math.inf, 1.0]
    document = Document(space=[0, 1, 2, 3], params=odd, values=odd, steps=[0, 1, 2, 3], reports=odd)
    text = encode(document)
    assert json.loads(text)["reports"] == ["NaN", "Infinity", "-Infinity", 1.0]
    for read in (decode(text), *decode_all([encode(FULL), text])[1:]):
        assert repr(read) == repr(document)


def test_many_are_read_like_one() -> None:
    assert decode_all([]) == []
    assert decode_all([encode(FULL), "{}"]) == [FULL, Document()]


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{"params": 3}', '{"params": ["many"]}'])
def test_what_is_no_document_is_reported(text: str) -> None:
    for read in (lambda: decode(text), lambda: decode_all(["{}", text])):
        with pytest.raises(StorageInternalError, match="cannot be read"):
            read()


def test_merging_keeps_the_first_parameter_and_the_last_of_all_else() -> None:
    later = Document(
        space=[3, 4], params=[8, 9], steps=[5, 6], reports=[2.0, 3.0], user_attrs={"a": 2, "c": 3}, values=[0.0, 0.0]
    )
    merged = merge([FULL, later, Document()])
    assert (merged.space, merged.params) == ([0, 3, 4], [0.25, 7, 9])
    assert (merged.steps, merged.reports) == ([0, 5, 6], [0.5, 2.0, 3.0])
    assert merged.user_attrs == {"a": 2, "c": 3}
    assert merged.system_attrs == {"b": "x"}
    assert merged.values == [0.0, 0.0]


def test_merged_attributes_can_be_read_and_written_again() -> None:
    attrs: dict[str, Any] = {"nan": math.nan, "list": [1, "🦜"], "half": "\ud800", "json": {"$json": 1}}
    first = decode(encode(Document(user_attrs=storable_attrs(attrs))))
    merged = merge([first, Document(user_attrs=storable_attrs({"late": [math.inf]}))])
    assert repr(read_attrs(merged.user_attrs)) == repr({**attrs, "late": [math.inf]})
    assert repr(read_attrs(decode(encode(merged)).user_attrs)) == repr({**attrs, "late": [math.inf]})


def test_ordinary_attributes_are_readable() -> None:
    attrs = {"a": 1, "b": [1.5, {"c": None}], "d": "🦜"}
    assert json.loads(encode(Document(user_attrs=storable_attrs(attrs)))) == {"user_attrs": attrs}


def test_tuples_become_lists_as_json_has_it() -> None:
    assert attr_from_json(attr_to_json(storable_attr("a", (1, (2,))))) == [1, [2]]
    assert attr_from_json(attr_to_json(storable_attr("a", {1: "x"}))) == {"1": "x"}


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", 1j, [object()], {(1, 2): 3}])
def test_what_json_cannot_hold_names_its_key(value: Any) -> None:
    with pytest.raises(TypeError, match="'the key' cannot be stored"):
        storable_attr("the key", value)


def test_deep_nesting_is_refused_or_kept() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(TypeError, match="'deep'"):
        storable_attr("deep", deep)


def test_long_values_are_refused() -> None:
    storable_attr("long", "x" * (16 * 2**20 - 2))
    with pytest.raises(ValueError, match=r"'long' cannot be stored.*16,777,216 bytes"):
        storable_attr("long", "x" * (16 * 2**20 - 1))
    with pytest.raises(ValueError, match="'long'"):
        storable_attr("long", ["🦜" * 2**20] * 5)


def test_long_values_are_shortened_in_messages() -> None:
    with pytest.raises(TypeError) as caught:
        storable_attr("a", [object(), "x" * 10_000])
    assert len(str(caught.value)) < 500
