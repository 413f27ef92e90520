"""The commands print what Optuna's print for the same study, and end with the same code.

Where we differ on purpose: help, version and error texts; the warnings that a command is experimental, which we do not
give; a file name as a storage is an SQLite database; a storage that does not exist is not made by commands that read.
"""

from __future__ import annotations

import functools
import itertools
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import optuna
import optuna.cli
import pytest

import optimist
from optimist.cli import main
from tests.peers.twins import add_several_objectives, add_varied_trials

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

FORMATS = ["value", "json", "table", "yaml"]


@pytest.fixture(scope="module")
def storages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    directory = tmp_path_factory.mktemp("stores")
    urls = {library.__name__: f"sqlite:///{directory}/{library.__name__}.db" for library in (optuna, optimist)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library in (optuna, optimist):
            fill(library, urls[library.__name__])
    return urls


def fill(library: Any, url: str) -> None:
    library.logging.set_verbosity(library.logging.WARNING)
    add_varied_trials(library, library.create_study(study_name="varied", storage=url, direction="maximize"))
    several = library.create_study(study_name="several", storage=url, directions=["minimize", "maximize"])
    several.set_user_attr("data", "v2")
    several.set_user_attr("deep", {"a": [1, None]})
    add_several_objectives(library, several)
    named = library.create_study(study_name="named metrics", storage=url, directions=["minimize", "minimize"])
    named.set_metric_names(["z loss", "a latency"])
    add_several_objectives(library, named)
    metric = library.create_study(study_name="one metric", storage=url)
    metric.set_metric_names(["accuracy"])
    add_varied_trials(library, metric)
    library.create_study(study_name="émpty", storage=url)


@pytest.fixture(autouse=True)
def clean_logging() -> Iterator[None]:
    """Each call of Optuna's command adds a handler to the root logger, and ours may change the verbosity."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


open_once = functools.cache(optuna.cli._get_storage)  # opening a storage of Optuna's takes longer than all the rest


class Shell:
    """Calls both commands with the same words."""

    def __init__(
        self, urls: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.urls = urls
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def theirs(self, *words: str) -> tuple[str, int]:
        self.monkeypatch.setattr(optuna.cli._Studies, "_study_list_header", optuna.cli._Studies._study_list_header[:4])
        self.monkeypatch.setattr(sys, "argv", ["optuna", *self._words(words, "optuna")])
        self.capsys.readouterr()
        try:
            code: Any = optuna.cli.main()
        except SystemExit as stop:
            code = stop.code
        except Exception:  # noqa: BLE001  it would end the process with a traceback
            code = 1
        return self.capsys.readouterr().out, code

    def ours(self, *words: str) -> tuple[str, int]:
        self.capsys.readouterr()
        code = main(self._words(words, "optimist"))
        return self.capsys.readouterr().out, code

    def _words(self, words: tuple[str, ...], library: str) -> list[str]:
        return [self.urls[library] if word == "URL" else word for word in words]


@pytest.fixture
def shell(storages: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(optuna.cli, "_get_storage", open_once)
    return Shell(storages, capsys, monkeypatch)


def assert_alike(shell: Shell, *words: str) -> str:
    theirs, ours = shell.theirs(*words), shell.ours(*words)
    assert ours == theirs
    return ours[0]


STUDIES = ["varied", "several", "named metrics", "one metric", "émpty"]


@pytest.mark.parametrize("flatten", [(), ("--flatten",)], ids=["nested", "flat"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("command", ["trials", "best-trial", "best-trials"])
def test_trials(shell: Shell, command: str, study: str, form: str, flatten: tuple[str, ...]) -> None:
    assert_alike(shell, command, "--storage", "URL", "--study-name", study, "-f", form, *flatten)


@pytest.mark.parametrize("flatten", [(), ("--flatten",)], ids=["nested", "flat"])
@pytest.mark.parametrize("form", FORMATS)
def test_studies(shell: Shell, form: str, flatten: tuple[str, ...]) -> None:
    assert_alike(shell, "studies", "--storage", "URL", "--format", form, *flatten)


@pytest.mark.parametrize("form", FORMATS)
def test_study_names(shell: Shell, form: str) -> None:
    assert_alike(shell, "study-names", "--storage", "URL", "--format", form)


@pytest.mark.parametrize("command", ["trials", "studies", "study-names", "best-trials"])
def test_default_formats(shell: Shell, command: str) -> None:
    assert_alike(shell, command, "--storage", "URL", *(("--study-name", "several") if "trials" in command else ()))


def test_options_before_the_command(shell: Shell) -> None:
    assert_alike(shell, "-q", "--storage", "URL", "study-names")
    assert_alike(
        shell, "--storage", "URL", "study", "set-user-attr", "--study-name", "varied", "-k", "a", "--value", "1"
    )
    assert "'a': '1'" in assert_alike(shell, "studies", "--storage", "URL")


SPACE = """{"x": {"name": "FloatDistribution", "attributes": {"low": 0.5, "high": 0.5}},
            "c": {"name": "CategoricalDistribution", "attributes": {"choices": ["only"]}}}"""


def test_a_life(shell: Shell) -> None:
    """One study from its creation to its end."""
    at = ("--storage", "URL", "--study-name", "life")
    assert assert_alike(shell, "create-study", *at, "--directions", "minimize", "maximize") == "life\n"
    assert (
        assert_alike(shell, "create-study", *at, "--skip-if-exists", "--directions", "minimize", "maximize") == "life\n"
    )
    assert_alike(shell, "create-study", *at)  # it exists
    for form, flatten in itertools.product(FORMATS, [(), ("--flatten",)]):
        assert_alike(shell, "ask", *at, "--search-space", SPACE, "-f", form, *flatten)
    assert_alike(shell, "ask", *at)
    assert_alike(shell, "ask", *at, "--flatten")
    assert_alike(shell, "ask", *at, "--sampler", "RandomSampler", "--sampler-kwargs", '{"seed": 1}')
    assert_alike(shell, "tell", *at, "--trial-number", "0", "--values", "1", "-2.5")
    assert_alike(shell, "tell", *at, "--values", "1", "-2.5", "--trial-number", "1", "--state", "complete")
    assert_alike(shell, "tell", *at, "--trial-number", "2", "--state", "fail")
    assert_alike(shell, "tell", *at, "--trial-number", "3", "--state", "pruned")
    assert_alike(shell, "tell", *at, "--trial-number", "4", "--values", "1")  # one is missing
    assert_alike(shell, "tell", *at, "--trial-number", "0", "--values", "7", "7")  # told before
    assert_alike(shell, "tell", *at, "--trial-number", "0", "--values", "7", "7", "--skip-if-finished")
    assert_alike(shell, "tell", *at, "--trial-number", "99", "--values", "7", "7")
    assert_alike(shell, "tell", *at, "--trial-number", "5", "--values", "7", "7", "--state", "fail")
    told = {library: states(library, shell.urls, "life") for library in (optuna, optimist)}
    assert told[optimist] == told[optuna]
    assert_alike(shell, "study", "set-user-attr", *at, "--key", "k", "--value", "v")
    assert_alike(shell, "delete-study", *at)
    assert_alike(shell, "delete-study", *at)
    assert_alike(shell, "trials", *at)


def states(library: Any, urls: dict[str, str], name: str) -> list[tuple[str, Any, Any]]:
    study = library.load_study(study_name=name, storage=urls[library.__name__])
    return [(trial.state.name, trial.values, trial.params) for trial in study.trials]


MISUSES = [
    ["trials", "--study-name", "varied"],  # no storage
    ["trials", "--storage", "URL"],  # no name
    ["trials", "--storage", "URL", "--study-name", "varied", "-f", "xml"],
    ["trials", "--storage", "URL", "--study-name", "nobody"],
    ["trials", "--storage", "nonsense://x", "--study-name", "varied"],
    ["best-trial", "--storage", "URL", "--study-name", "several"],
    ["best-trial", "--storage", "URL", "--study-name", "émpty"],
    ["create-study", "--storage", "URL", "--study-name", "varied"],
    ["create-study", "--storage", "URL", "--direction", "up"],
    ["create-study", "--storage", "URL", "--direction", "minimize", "--directions", "minimize"],
    ["create-study", "--storage", "URL", "--directions"],
    ["create-study", "--storage", "URL", "--directions", "minimize", "up"],
    ["delete-study", "--storage", "URL", "--study-name", "nobody"],
    ["study", "set-user-attr", "--storage", "URL", "--study-name", "varied"],
    ["study", "set-user-attr", "--storage", "URL", "--study-name", "nobody", "--key", "k", "--value", "v"],
    ["ask", "--storage", "URL", "--study-name", "nobody"],
    ["ask", "--storage", "URL"],  # which of the studies?
    ["ask", "--storage", "URL", "--study-name", "émpty", "--sampler-kwargs", "{}"],
    ["ask", "--storage", "URL", "--study-name", "émpty", "--sampler", "NoSampler"],
    ["ask", "--storage", "URL", "--study-name", "émpty", "--search-space", "{"],
    ["tell", "--storage", "URL", "--study-name", "émpty", "--trial-number", "x", "--values", "1"],
    ["tell", "--storage", "URL", "--study-name", "émpty", "--trial-number", "0", "--values", "good"],
    ["tell", "--storage", "URL", "--study-name", "émpty", "--trial-number", "0", "--state", "running"],
    ["trials", "-v", "-q", "--storage", "URL", "--study-name", "varied"],
    ["nonsense"],
    ["trials", "--nonsense"],
    ["studies", "--storage", "URL", "--storage-class", "NoStorage"],
]


@pytest.mark.filterwarnings("ignore:.*not an optuna command")
@pytest.mark.parametrize("words", MISUSES, ids=" ".join)
def test_misuse_ends_with_the_same_code(shell: Shell, words: list[str]) -> None:
    theirs, ours = shell.theirs(*words)[1], shell.ours(*words)[1]
    assert ours == theirs != 0


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["trials", "--help"], ["--version"]], ids=" ".join)
def test_help_ends_well(shell: Shell, words: list[str]) -> None:
    assert not shell.theirs(*words)[1]  # None, after printing help
    assert shell.ours(*words)[1] == 0
