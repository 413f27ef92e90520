"""Records as text."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
import yaml

from optimist.cli import output
from optimist.cli.output import Key, Record, show, to_plain, to_table

KEYS: list[Key] = [("number", ""), ("values", 0), ("values", 1), ("params", "x"), ("params", "y"), ("state", "")]
RECORDS: list[Record] = [
    {("number", ""): 0, ("values", 0): 1.5, ("values", 1): None, ("params", "x"): 0.5, ("state", ""): "COMPLETE"},
    {("number", ""): 10, ("values", 0): None, ("values", 1): None, ("params", "y"): None, ("state", ""): "FAIL"},
]


def printed(capsys: pytest.CaptureFixture[str], *args: Any, **kwargs: Any) -> str:
    capsys.readouterr()
    show(*args, **kwargs)
    return capsys.readouterr().out


def test_json_and_yaml_nested(capsys: pytest.CaptureFixture[str]) -> None:
    expected = [
        {"number": 0, "values": [1.5, None], "params": {"x": 0.5}, "state": "COMPLETE"},
        {"number": 10, "values": [None, None], "params": {"y": None}, "state": "FAIL"},
    ]
    assert json.loads(printed(capsys, RECORDS, KEYS, "json")) == expected
    assert yaml.safe_load(printed(capsys, RECORDS, KEYS, "yaml")) == expected


def test_json_flat(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, RECORDS, KEYS, "json", flatten=True)) == [
        {"number": 0, "values_0": 1.5, "values_1": None, "params_x": 0.5, "state": "COMPLETE"},
        {"number": 10, "values_0": None, "values_1": None, "params_y": None, "state": "FAIL"},
    ]


def test_a_single_record_is_no_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, RECORDS[0], KEYS, "json"))["number"] == 0
    assert yaml.safe_load(printed(capsys, RECORDS[0], KEYS, "yaml"))["number"] == 0


def test_lists_are_spread_over_columns(capsys: pytest.CaptureFixture[str]) -> None:
    records: list[Record] = [{("direction", ""): ("MINIMIZE", "MAXIMIZE")}, {("direction", ""): ("MINIMIZE",)}]
    assert printed(capsys, records, [("direction", "")], "table", flatten=True) == (
        "+-------------+-------------+\n"
        "| direction_0 | direction_1 |\n"
        "+-------------+-------------+\n"
        "| MINIMIZE    | MAXIMIZE    |\n"
        "| MINIMIZE    |             |\n"
        "+-------------+-------------+\n"
    )


def test_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, RECORDS, KEYS, "value", flatten=True) == "0 1.5  0.5  COMPLETE\n10     FAIL\n"


def test_table() -> None:
    rows = [{"n": 1, "name": "a", "x": None}, {"n": 100, "x": -0.5}]
    assert to_table(["n", "name", "x"], rows) == (
        "+-----+------+------+\n"
        "|   n | name |    x |\n"
        "+-----+------+------+\n"
        "|   1 | a    |      |\n"
        "| 100 |      | -0.5 |\n"
        "+-----+------+------+"
    )
    assert to_table(["n"], []) == "+---+\n| n |\n+---+\n+---+"


def test_to_plain() -> None:
    when = datetime.datetime(2026, 11, 5, 10, 30, 0, 123456)  # noqa: DTZ001  trials have local times
    assert to_plain(when) == "2026-11-05 10:30:00"
    assert to_plain(datetime.timedelta(seconds=1.5)) == "0:00:01.500000"
    assert to_plain({"a": (when, None, True), 3: [{"b": {1}}]}) == {
        "a": ("2026-11-05 10:30:00", None, True),
        3: [{"b": "{1}"}],
    }


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(output, "is_for_a_person", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    return monkeypatch


def test_a_terminal_gets_a_table(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    lines = printed(capsys, RECORDS, KEYS[:3], "table", flatten=True).splitlines()
    assert lines[1].split() == ["number", "values_0", "values_1"]
    assert [line.split() for line in lines[3:5]] == [["0", "1.5"], ["10"]]


def test_too_wide_for_a_terminal(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    terminal.setenv("COLUMNS", "30")
    blocks = printed(capsys, RECORDS, KEYS, "table", flatten=True).split("\n\n")
    assert [line.split() for line in blocks[0].splitlines()] == [
        ["number", "0"],
        ["values_0", "1.5"],
        ["params_x", "0.5"],
        ["state", "COMPLETE"],
    ]
    assert blocks[1].split() == ["number", "10", "state", "FAIL"]


def test_nothing_for_a_terminal(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    assert printed(capsys, [], KEYS, "table") == "Nothing to show yet.\n"


def test_markup_is_text(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    assert "[red]" in printed(capsys, [{("a", ""): "[red]"}], [("a", "")], "table")
