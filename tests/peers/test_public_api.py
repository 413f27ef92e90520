"""Every public name of Optuna 5 that we have built works under our name: members, signatures, defaults.

`data/public_api.json` was read off Optuna 5. Our signatures may take more, never less: each of Optuna's calls must be a
valid call of ours, with the same defaults.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

import optimist
from optimist.cli.app import app, find_command

API = json.loads((Path(__file__).parent / "data" / "public_api.json").read_text())

NOT_BUILT = {
    "optuna.integration": "its names will say what to use instead, once there is something to use",
    "optuna.storages.GrpcStorageProxy": "comes with the server",
    "optuna.storages.run_grpc_proxy_server": "comes with the server",
}

READ_ONLY = {"DiscreteUniformDistribution.q": "distributions never change, the deprecated ones neither"}

ENTRIES = [(module, name) for module, entries in API["modules"].items() if module not in NOT_BUILT for name in entries]
CLASSES = [
    (module, name)
    for module, name in ENTRIES
    if API["modules"][module][name]["kind"] in ("class", "exception") and f"{module}.{name}" not in NOT_BUILT
]
MEMBERS = [
    (module, name, member) for module, name in CLASSES for member in API["modules"][module][name].get("members", ())
]


def entry(module: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = API["modules"][module][name]
    return found


def ours(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module.replace("optuna", "optimist", 1)), name)


@pytest.mark.parametrize(("module", "name"), ENTRIES)
def test_name(module: str, name: str) -> None:
    theirs = entry(module, name)
    if f"{module}.{name}" in NOT_BUILT:
        assert not hasattr(importlib.import_module(module.replace("optuna", "optimist", 1)), name), (
            f"{name} is built: take it off the list"
        )
        return
    found = ours(module, name)
    if theirs["kind"] == "module":
        assert inspect.ismodule(found)
    elif theirs["kind"] == "function":
        assert_takes(theirs["signature"], found)
    elif theirs["kind"] == "enum":
        assert {member.name: member.value for member in found} == theirs["members"]
    elif theirs["kind"] in ("class", "exception"):
        assert inspect.isclass(found)
    elif name != "__version__":
        assert repr(found) == theirs["value"] or theirs["value"] is None


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_class(module: str, name: str) -> None:
    theirs, found = entry(module, name), ours(module, name)
    family = {base.__name__ for base in found.__mro__} | {
        "OptunaError" if issubclass(found, optimist.exceptions.OptunaError) else ""
    }
    assert set(theirs["bases"]) <= family
    if theirs.get("signature", "(*args, **kwargs)") != "(*args, **kwargs)":  # which is a decorator's, not the class's
        assert_takes(theirs["signature"], found)


@pytest.mark.parametrize(("module", "name", "member"), MEMBERS)
def test_member(module: str, name: str, member: str) -> None:
    theirs: str = entry(module, name)["members"][member]
    found = inspect.getattr_static(ours(module, name), member)
    if theirs.startswith("property"):
        assert isinstance(found, property)
        assert "rw" not in theirs or found.fset is not None or f"{name}.{member}" in READ_ONLY
    elif theirs != "attribute":
        kind, _, signature = (
            theirs.partition(" ") if theirs.startswith(("staticmethod", "classmethod")) else ("", "", theirs)
        )
        assert type(found).__name__ == kind or not kind
        assert_takes(signature, getattr(found, "__func__", found))


def assert_takes(signature: str, function: Any) -> None:
    """Check that a function can be called in every way that a signature allows, with the same defaults."""
    theirs = {name: (kind, default) for name, kind, default in parameters(signature)}
    found = inspect.signature(function).parameters
    positions = [name for name, parameter in found.items() if parameter.kind is not inspect.Parameter.KEYWORD_ONLY]
    for i, (name, (kind, default)) in enumerate(theirs.items()):
        if kind in ("*", "**"):
            assert any(p.kind.name == ("VAR_KEYWORD" if kind == "**" else "VAR_POSITIONAL") for p in found.values())
            continue
        assert name in found, f"takes no {name}"
        assert kind == "keyword" or positions[i] == name, f"{name} stands elsewhere"
        has_default = found[name].default is not inspect.Parameter.empty
        assert has_default or default is None, f"{name} has no default"
        if default is not None:
            assert normal(repr(found[name].default)) == default, f"{name} has another default"
    for name, parameter in found.items():
        required = parameter.default is inspect.Parameter.empty and not parameter.kind.name.startswith("VAR_")
        assert name in theirs or not required, f"needs {name}, which Optuna does not know"


def parameters(signature: str) -> list[tuple[str, str, str | None]]:
    """Name, kind and default (as text) of each parameter of a signature written down."""
    function = ast.parse(f"def f{normal(signature, as_default=False)}: ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    found = [(a.arg, "plain", d) for a, d in zip(plain, defaults, strict=True)]
    found += [(a.arg, "keyword", d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    found += [(a.arg, stars, None) for a, stars in ((arguments.vararg, "*"), (arguments.kwarg, "**")) if a is not None]
    return [(name, kind, None if default is None else normal(ast.unparse(default))) for name, kind, default in found]


def normal(text: str, *, as_default: bool = True) -> str:
    """Write enum members as text, so that a signature can be parsed; defaults in one spelling."""
    text = re.sub(r"<(\w+)\.(\w+): \d+>", r"'\2'", text)
    return ast.unparse(ast.parse(text)) if as_default else text


INSTANCES: dict[str, Any] = {
    "ArtifactMeta": lambda: optimist.artifacts.ArtifactMeta("id", "a.txt", "text/plain", None),
    "FloatDistribution": lambda: optimist.distributions.FloatDistribution(0, 1),
    "IntDistribution": lambda: optimist.distributions.IntDistribution(0, 1),
    "CategoricalDistribution": lambda: optimist.distributions.CategoricalDistribution((1, 2)),
    "Study": optimist.create_study,
    "RDBStorage": lambda: optimist.storages.RDBStorage("sqlite://"),
    "FrozenTrial": lambda: optimist.create_trial(value=1.0),
    "StudySummary": lambda: optimist.study.StudySummary(
        "a", optimist.study.StudyDirection.MINIMIZE, None, {}, 0, None, 0
    ),
    "Trial": lambda: optimist.create_study().ask(),
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, n in CLASSES if entry(m, n).get("instance")])
def test_attributes_of_instances(module: str, name: str) -> None:
    instance = INSTANCES[name]()
    assert [attribute for attribute in entry(module, name)["instance"] if not hasattr(instance, attribute)] == []


# The command line

COMMANDS = API["cli"]["commands"]


@pytest.mark.parametrize("name", COMMANDS)
def test_command(name: str) -> None:
    command = find_command(app, name.split(), click.Context(app))
    assert_options(command, COMMANDS[name])


def test_options_before_the_command() -> None:
    assert_options(app, API["cli"]["global"])


def assert_options(command: click.Command, expected: list[dict[str, Any]]) -> None:
    options = {name: param for param in command.params if isinstance(param, click.Option) for name in param.opts}
    for theirs in expected:
        assert set(theirs["names"]) <= set(options), theirs["names"]
        option = options[theirs["names"][0]]
        assert option.count == (theirs["action"] == "Count")
        assert option.is_flag == (theirs["action"] in ("StoreTrue", "StoreConst", "Version"))
        assert option.multiple == (theirs.get("nargs") == "+")
        if "choices" in theirs:
            assert isinstance(option.type, click.Choice)
            assert set(theirs["choices"]) <= set(option.type.choices)
        if "default" in theirs and theirs["action"] == "Store":
            assert option.default == theirs["default"]
        if "required" in theirs:
            assert option.required
