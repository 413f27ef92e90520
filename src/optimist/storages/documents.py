"""What a trial's row holds as JSON: parameters, values, reports and attributes.

    {"space": [0, 1], "params": [0.25, 3], "values": [1.5], "steps": [0], "reports": [2.5], "user_attrs": {"note": "x"}}

``space`` holds the ids of the distributions and ``params`` the internal values; ``steps`` and ``reports`` belong
together likewise; what is empty is left out. Where metrics have names, ``metrics`` holds these, ``reports`` the values
of the first one, and ``more`` those of the others, each like ``reports`` and null where a step has none:

    {"steps": [0, 1], "reports": [2.5, 2.25], "metrics": ["loss", "accuracy"], "more": [[0.5, null]]}

Numbers read back bit for bit. JSON has no NaN and no infinities: as parameter, value or report they stand as the
strings "NaN", "Infinity" and "-Infinity". An attribute that JSON cannot hold (such a number somewhere in it, or half of
a surrogate pair) stands as {"$json": "..."}, the text being what Python's json module makes of it.
"""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from optimist.exceptions import StorageInternalError
from optimist.history.metrics import Metrics, with_metrics
from optimist.storages.base import check_name

MAX_ATTR_BYTES: Final = 16 * 2**20

_ESCAPE: Final = "$json"
_INT64: Final = 2**63


class Document(msgspec.Struct, omit_defaults=True):
    """What is known of a trial, or what one commit says of it.

    Attributes:
        space: Ids of the distributions of the parameters, in order of suggestion.
        params: Their internal values.
        values: One per objective; None if there are none.
        steps: Where the trial reported, each step once.
        reports: The intermediate values there.
        user_attrs, system_attrs: By key, in the form that ``storable_attr`` returns.
        metrics: Names of metrics, the first one first; empty if the trial reports without names.
        more: The values of each but the first at the steps; None where there is none.
    """

    space: list[int] = []
    params: list[int | float] = []
    values: list[float] | None = None
    steps: list[int] = []
    reports: list[float] = []
    user_attrs: dict[str, Any] = {}
    system_attrs: dict[str, Any] = {}
    metrics: list[str] = []
    more: list[list[float | None]] = []

    def set_metrics(self, metrics: Metrics) -> None:
        """Take in named metrics; ``steps`` and ``reports`` are set already."""
        first, *others = metrics
        self.metrics = [first, *others]
        self.more = [list(map(metrics[name].get, self.steps)) for name in others]

    def named(self) -> dict[str, dict[int, float]]:
        """The named metrics by name and step, the first one empty."""
        found: dict[str, dict[int, float]] = {name: {} for name in self.metrics}
        for name, values in zip(self.metrics[1:], self.more, strict=True):
            found[name] = {k: v for k, v in zip(self.steps, values, strict=True) if v is not None}
        return found


class _Escaped(msgspec.Struct, omit_defaults=True):
    """A document with numbers that JSON does not have."""

    space: list[int] = []
    params: list[int | float | str] = []
    values: list[float | str] | None = None
    steps: list[int] = []
    reports: list[float | str] = []
    user_attrs: dict[str, Any] = {}
    system_attrs: dict[str, Any] = {}
    metrics: list[str] = []
    more: list[list[float | str | None]] = []


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Document)
_list_decoder = msgspec.json.Decoder(list[Document])
_escaped_decoder = msgspec.json.Decoder(_Escaped)


def encode(document: Document) -> str:
    """Write a document as JSON."""
    numbers = (*document.params, *document.reports, *(document.values or ()))
    if document.more:
        numbers += tuple(value for values in document.more for value in values if value is not None)
    return _encoder.encode(document if all(map(math.isfinite, numbers)) else _escape_numbers(document)).decode()


def decode(text: str) -> Document:
    """Read a document.

    Raises:
        StorageInternalError: It is none.
    """
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError:
        pass
    try:
        return _unescape_numbers(_escaped_decoder.decode(text))
    except (msgspec.MsgspecError, ValueError) as error:
        raise StorageInternalError(
            f"What is stored of a trial cannot be read ({error}): {reprlib.repr(text)}"
        ) from error


def decode_all(texts: Sequence[str]) -> list[Document]:
    """Read many documents at once, which is faster than one by one; errors as in ``decode``."""
    try:
        return _list_decoder.decode(f"[{','.join(texts)}]")
    except msgspec.MsgspecError:
        return [decode(text) for text in texts]


def merge(documents: Sequence[Document]) -> Document:
    """Fold what several commits said of a trial into one document; of a parameter the first counts, else the last."""
    merged = Document()
    params: dict[int, int | float] = {}
    reports: dict[int, float] = {}
    metrics: Metrics = {}
    for document in documents:
        for i, value in zip(document.space, document.params, strict=True):
            params.setdefault(i, value)
        reports.update(zip(document.steps, document.reports, strict=True))
        if document.metrics:
            metrics = with_metrics(metrics, document.named())
        merged.user_attrs.update(document.user_attrs)
        merged.system_attrs.update(document.system_attrs)
        if document.values is not None:
            merged.values = document.values
    merged.space, merged.params = list(params), list(params.values())
    merged.steps, merged.reports = list(reports), list(reports.values())
    if metrics:
        merged.set_metrics(metrics)
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
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(
            f"The attribute {key!r} cannot be stored: JSON cannot hold {reprlib.repr(value)} ({error}). "
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


# Numbers that JSON does not have


def _escape_numbers(document: Document) -> _Escaped:
    return _Escaped(
        document.space,
        list(map(_escape_number, document.params)),
        None if document.values is None else list(map(_escape_number, document.values)),
        document.steps,
        list(map(_escape_number, document.reports)),
        document.user_attrs,
        document.system_attrs,
        document.metrics,
        [[None if value is None else _escape_number(value) for value in values] for values in document.more],
    )


def _unescape_numbers(document: _Escaped) -> Document:
    return Document(
        document.space,
        [float(value) if isinstance(value, str) else value for value in document.params],
        None if document.values is None else list(map(float, document.values)),
        document.steps,
        list(map(float, document.reports)),
        document.user_attrs,
        document.system_attrs,
        document.metrics,
        [[None if value is None else float(value) for value in values] for values in document.more],
    )


def _escape_number(value: Any) -> Any:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
