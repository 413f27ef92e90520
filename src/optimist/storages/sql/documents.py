"""What a trial's row holds as JSON: parameters, values, reports and attributes.

    {"params": [[0, 0.25], [1, 3]], "values": [1.5], "reports": [[0, 2.5]], "user_attrs": {"note": "x"}}

A parameter is the id of its distribution and its internal value; a report is a step and a value; what is empty is left
out. Numbers read back bit for bit. JSON has no NaN and no infinities: as parameter, value or report they stand as the
strings "NaN", "Infinity" and "-Infinity". An attribute that JSON cannot hold (such a number somewhere in it, or half of
a surrogate pair) stands as {"$json": "..."}, the text being what Python's json module makes of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from optimist.storages.base import check_name

MAX_ATTR_BYTES: Final = 16 * 2**20

_ESCAPE: Final = "$json"
_INT64: Final = 2**63


class Document(msgspec.Struct, omit_defaults=True):
    """What is known of a trial, or what one commit says of it.

    Attributes:
        params: (id of the distribution, internal value) in order of suggestion.
        values: One per objective; None if there are none.
        reports: (step, intermediate value), each step once.
        user_attrs, system_attrs: By key, in the form that ``storable_attr`` returns.
    """

    params: list[tuple[int, int | float]] = []
    values: list[float] | None = None
    reports: list[tuple[int, float]] = []
    user_attrs: dict[str, Any] = {}
    system_attrs: dict[str, Any] = {}


class _Escaped(msgspec.Struct, omit_defaults=True):
    """A document with numbers that JSON does not have."""

    params: list[tuple[int, int | float | str]] = []
    values: list[float | str] | None = None
    reports: list[tuple[int, float | str]] = []
    user_attrs: dict[str, Any] = {}
    system_attrs: dict[str, Any] = {}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Document)
_list_decoder = msgspec.json.Decoder(list[Document])
_escaped_decoder = msgspec.json.Decoder(_Escaped)


def encode(document: Document) -> str:
    """Write a document as JSON."""
    isfinite = math.isfinite
    is_plain = (
        all(isfinite(value) for _, value in document.params)
        and all(isfinite(value) for _, value in document.reports)
        and all(map(isfinite, document.values or ()))
    )
    return _encoder.encode(document if is_plain else _escape_numbers(document)).decode()


def decode(text: str) -> Document:
    """Read a document."""
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError:
        return _unescape_numbers(_escaped_decoder.decode(text))


def decode_all(texts: Sequence[str]) -> list[Document]:
    """Read many documents at once, which is faster than one by one."""
    try:
        return _list_decoder.decode(f"[{','.join(texts)}]")
    except msgspec.ValidationError:
        return [decode(text) for text in texts]


def merge(documents: Sequence[Document]) -> Document:
    """Fold what several commits said of a trial into one document; of a parameter the first counts, else the last."""
    merged = Document()
    params: dict[int, int | float] = {}
    reports: dict[int, float] = {}
    for document in documents:
        for distribution_id, value in document.params:
            params.setdefault(distribution_id, value)
        reports.update(document.reports)
        merged.user_attrs.update(document.user_attrs)
        merged.system_attrs.update(document.system_attrs)
        if document.values is not None:
            merged.values = document.values
    merged.params = list(params.items())
    merged.reports = list(reports.items())
    return merged


# Attributes


def storable_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Check attributes and bring them into the form that documents hold.

    Raises:
        TypeError: A value cannot be written as JSON.
        ValueError: A value is too long, or a key is no good name.
    """
    for key in attrs:
        check_name("An attribute's name", key)
    return {key: storable_attr(key, value) for key, value in attrs.items()}


def storable_attr(key: str, value: Any) -> Any:
    """Bring an attribute's value into the form that documents hold; errors as in ``storable_attrs``."""
    kind = type(value)
    if kind is bool or value is None or (kind is float and math.isfinite(value)):
        return value
    if kind is int and -_INT64 <= value < _INT64:
        return value
    if kind is str and len(value) < 1000 and value.isascii():
        return value
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"The attribute {key!r} cannot be stored: JSON cannot hold {_shortened(value)} ({error}). "
            "Use None, bool, int, float, str, and lists and dictionaries of these."
        ) from error
    if len(text.encode(errors="replace")) > MAX_ATTR_BYTES:
        raise ValueError(
            f"The attribute {key!r} cannot be stored: it takes {len(text):,} characters as JSON, and the limit is "
            f"{MAX_ATTR_BYTES:,} bytes. Keep large data in a file and its name here."
        )
    return _strict(text, value)


def _strict(text: str, value: Any) -> Any:
    """The text itself if every reader of JSON understands it, else in its escape."""
    try:
        raw = text.encode()
        read = msgspec.json.decode(raw)
    except (UnicodeEncodeError, msgspec.DecodeError, RecursionError):
        return {_ESCAPE: json.dumps(value)}
    if type(read) is dict and _ESCAPE in read:
        return {_ESCAPE: json.dumps(value)}
    return msgspec.Raw(raw)


def read_attrs(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were given to ``storable_attrs``, as JSON keeps them: tuples have become lists."""
    return {key: _read_attr(value) for key, value in stored.items()}


def _read_attr(stored: Any) -> Any:
    kind = type(stored)
    if kind is msgspec.Raw:
        return msgspec.json.decode(stored)
    if kind is dict and _ESCAPE in stored:
        return json.loads(stored[_ESCAPE])
    return stored


def attr_to_json(stored: Any) -> str:
    """Write an attribute that stands alone."""
    return _encoder.encode(stored).decode()


def attr_from_json(text: str) -> Any:
    """Read an attribute that stands alone."""
    return _read_attr(msgspec.json.decode(text))


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


# Numbers that JSON does not have


def _escape_numbers(document: Document) -> _Escaped:
    return _Escaped(
        [(key, _escape_number(value)) for key, value in document.params],
        None if document.values is None else [_escape_number(value) for value in document.values],
        [(step, _escape_number(value)) for step, value in document.reports],
        document.user_attrs,
        document.system_attrs,
    )


def _unescape_numbers(document: _Escaped) -> Document:
    return Document(
        [(key, float(value) if isinstance(value, str) else value) for key, value in document.params],
        None if document.values is None else [float(value) for value in document.values],
        [(step, float(value)) for step, value in document.reports],
        document.user_attrs,
        document.system_attrs,
    )


def _escape_number(value: Any) -> Any:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
