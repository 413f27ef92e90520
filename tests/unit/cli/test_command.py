"""Options that take several values."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from optimist.cli.command import Command, SeveralValues, repeat_names


@pytest.mark.parametrize(
    ("args", "repeated"),
    [
        ("", ""),
        ("--values 1", "--values=1"),
        ("--values 1 2 3", "--values=1 --values=2 --values=3"),
        ("--values -1 -2.5e-3 -inf -.5", "--values=-1 --values=-2.5e-3 --values=-inf --values=-.5"),
        ("--values 1 -f json --values 2", "--values=1 -f json --values=2"),
        ("--values", "--values"),
        ("--values --flatten", "--values --flatten"),
        ("--values=1 2", "--values=1 2"),
        ("-v --other 1 2", "-v --other 1 2"),
        ("-- --values 1 2", "-- --values 1 2"),
        ("--values 1 -- 2", "--values=1 -- 2"),
    ],
)
def test_repeat_names(args: str, repeated: str) -> None:
    assert repeat_names(args.split(), {"--values"}) == repeated.split()


@click.command(cls=Command, example="add --numbers 1 2")
@click.option("--numbers", cls=SeveralValues, type=float)
@click.option("--flag", is_flag=True)
def add(numbers: list[float] | None, flag: bool) -> None:
    click.echo(f"{numbers} {flag}")


@pytest.mark.parametrize(
    ("args", "output"),
    [
        ("", "None False"),
        ("--numbers 1 -2", "[1.0, -2.0] False"),
        ("--numbers 1 --flag", "[1.0] True"),
        ("--flag --numbers 1 2 --numbers 3", "[1.0, 2.0, 3.0] True"),
    ],
)
def test_values_arrive_as_a_list(args: str, output: str) -> None:
    assert CliRunner().invoke(add, args.split()).output == f"{output}\n"


@pytest.mark.parametrize("args", ["--numbers", "--numbers --flag", "--numbers one", "--numbers 1 --no"])
def test_bad_values_are_refused(args: str) -> None:
    assert CliRunner().invoke(add, args.split()).exit_code == 2


def test_help_shows_that_there_may_be_several() -> None:
    output = CliRunner().invoke(add, ["--help"]).output
    assert "--numbers FLOAT..." in output
    assert "add --numbers 1 2" in output
