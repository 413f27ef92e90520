"""The command as a whole: what it teaches, where options may stand, and how it says what went wrong."""

from __future__ import annotations

import errno
import itertools
import json
import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import optimist
from optimist.cli import main
from optimist.cli.app import EXAMPLE, SECTIONS, app, find_command, sentence_of
from optimist.cli.command import Command
from optimist.trial import create_trial

COMMANDS = [name for names in SECTIONS.values() for name in names if name != "help"]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in a directory of its own, without a storage in the environment; leave logging as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTIMIST_STORAGE", raising=False)
    logger = optimist.logging.get_logger("optimist")
    handlers, level = logger.handlers[:], logger.level
    yield
    for handler in logger.handlers:
        if handler not in handlers:
            handler.close()
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(words)
        return (code, *capsys.readouterr())

    return call


Run = Callable[..., tuple[int, str, str]]


# Help


def test_help_shows_every_command_once(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    listed = [line.strip().split("  ")[0] for line in out.split("A session")[0].splitlines()]
    for name in [*COMMANDS, "help"]:
        assert listed.count(name) == 1, name
    built = {name for name in app.commands if not isinstance(app.commands[name], click.Group)}
    built |= {
        f"{group} {name}"
        for group, commands in app.commands.items()
        if isinstance(commands, click.Group)
        for name in commands.commands
    }
    assert built == {*COMMANDS, "help"}


@pytest.mark.parametrize("words", [(), ("help",), ("-h",)])
def test_ways_to_the_same_help(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words) == run("--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(run: Run, name: str) -> None:
    by_option, by_command = run(*name.split(), "--help"), run("help", *name.split())
    assert by_option == by_command
    assert by_option[0] == 0
    assert f"Usage: optimist {name} [OPTIONS]" in by_option[1]
    assert "Example:" in by_option[1]


def test_help_of_no_command(run: Run) -> None:
    code, _, err = run("help", "nonsense")
    assert code == 2
    assert "no command 'nonsense'" in err


def test_a_group_alone_shows_its_commands(run: Run) -> None:
    assert "set-user-attr" in "".join(run("study")[1:])


def test_the_session_runs(run: Run) -> None:
    for line in EXAMPLE.splitlines():
        program, *words = shlex.split(line)
        assert program == "optimist"
        assert run(*words)[0] == 0, line
    best = json.loads(run("best-trial", "--storage", "demo.db", "--study-name", "demo", "-f", "json")[1])
    assert best["value"] == 0.93


def test_the_examples_of_commands_run(run: Run) -> None:
    order = sorted(COMMANDS, key=lambda name: (name == "delete-study", name not in ("create-study", "ask", "tell")))
    assert order[:3] == ["create-study", "ask", "tell"]
    assert order[-1] == "delete-study"
    Path("train.py").write_text("def objective(trial):\n    return trial.suggest_float('x', 0, 1)\n")
    for name in order:
        command = find_command(app, name.split(), click.Context(app))
        assert isinstance(command, Command)
        for words in commands_in(command.example):
            if name == "tell":
                run("ask", "--storage", "study.db")
            if name == "replay":
                study = optimist.load_study(study_name="digits", storage="study.db")
                study.add_trials(create_trial(value=x, intermediate_values={0: x, 1: x}) for x in (1.0, 2.0))
            if name == "import" and not Path("optuna.db").exists():
                assert run("export", "--to", "optuna", "sqlite:///optuna.db", "--storage", "study.db")[0] == 0
                Path("optuna.log").write_text('{"op_code":0,"worker_id":"w","study_name":"digits","directions":[1]}\n')
            assert run(*words)[0] == 0, words
    assert run("study-names", "--storage", "study.db") == (0, "grid\n", "")  # made for the comparison


def commands_in(text: str) -> list[list[str]]:
    words = shlex.split(text)
    starts = [i for i, word in enumerate(words) if word == "optimist"] + [len(words)]
    return [words[start + 1 : stop] for start, stop in itertools.pairwise(starts)]


def test_as_a_module_and_without_numpy() -> None:
    def call(*words: str) -> str:
        return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True).stdout

    assert call("-m", "optimist", "--version") == f"optimist {optimist.__version__}\n"
    loaded = call("-c", "import sys; from optimist.cli import main; main(['--help']); print(*sys.modules)").split()
    assert not {"numpy", "scipy", "sqlalchemy", "rich", "yaml"} & set(loaded)


# Where options may stand


def test_options_stand_before_or_after_the_command(run: Run) -> None:
    assert run("create-study", "--storage", "a.db", "--study-name", "s")[0] == 0
    assert run("--storage", "a.db", "study-names")[1] == "s\n"
    assert run("study-names", "--storage", "a.db")[1] == "s\n"
    assert run("--storage", "b.db", "study-names", "--storage", "a.db")[1] == "s\n"  # the later one counts
    assert run("study", "--storage", "a.db", "set-user-attr", "--study-name", "s", "-k", "a", "--value", "b")[0] == 0


def test_storage_of_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIMIST_STORAGE", "sqlite:///env.db")
    assert run("create-study", "--study-name", "s")[0] == 0
    assert Path("env.db").exists()
    assert run("study-names")[1] == "s\n"
    assert run("study-names", "--storage", "other.db")[0] == 1


# What goes wrong


def test_errors_are_one_line(run: Run) -> None:
    assert run("trials", "--study-name", "s") == (
        1,
        "",
        "Error: Which storage? Give --storage, such as --storage study.db, or set OPTIMIST_STORAGE.\n",
    )
    assert run("trials", "--storage", "typo.db", "--study-name", "s") == (
        1,
        "",
        "Error: There is no file typo.db. The command create-study makes one.\n",
    )
    assert not Path("typo.db").exists()


def test_usage_errors_show_the_usage(run: Run) -> None:
    code, out, err = run("trials", "--storage", "a.db")
    assert (code, out) == (2, "")
    assert "Usage: optimist trials" in err
    assert "Missing option '--study-name'" in err


def test_debug_shows_the_traceback(run: Run) -> None:
    for words in (["--debug", "study-names"], ["study-names", "--debug"]):
        code, out, err = run(*words)
        assert (code, out) == (1, "")
        assert "Traceback" in err
        assert "CLIUsageError" in err


def test_a_missing_driver_is_named_with_its_command(run: Run) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pymysql", None)  # as if it were not installed
        code, _, err = run("study-names", "--storage", "mysql://root:secret@localhost/x")
    assert code == 1
    assert err.count("\n") == 1
    assert "pip install 'optimist[mysql]'" in err
    assert "secret" not in err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("a\nb"), "a"),
        (KeyError("no such key"), "no such key"),
        (KeyError(), "KeyError"),
        (optimist.exceptions.CLIUsageError("so"), "so"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero (--debug shows where)"),
        (AssertionError(), "AssertionError: AssertionError (--debug shows where)"),
    ],
)
def test_sentence_of(error: Exception, sentence: str) -> None:
    assert sentence_of(error) == sentence


def failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(app, "invoke", fail)


def test_interrupt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(KeyboardInterrupt(), monkeypatch)
    code, out, err = run("study-names")
    assert (code, out, err.strip()) == (130, "", "Stopped.")


def test_a_closed_pipe_is_no_error() -> None:
    code = "import sys; from optimist.cli import main; sys.exit(main(['--help']))"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        ended = subprocess.run([sys.executable, "-c", code], stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert ended.stderr == b""
    assert ended.returncode in (0, 1)


def test_other_operating_system_errors_are_errors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(OSError(errno.ENOSPC, "No space left on device"), monkeypatch)
    assert run("study-names") == (1, "", f"Error: [Errno {errno.ENOSPC}] No space left on device\n")


# What is said meanwhile


def test_verbosity_and_log_file(run: Run) -> None:
    _, out, err = run("create-study", "--storage", "a.db", "--study-name", "loud", "--log-file", "log.txt")
    assert out == "loud\n"
    assert "A new study was created" in err
    assert "A new study was created" in Path("log.txt").read_text()
    assert run("-q", "create-study", "--storage", "a.db", "--study-name", "quiet") == (0, "quiet\n", "")
    assert run("-vv", "create-study", "--storage", "a.db", "--study-name", "louder")[0] == 0
    assert logging.getLogger("optimist").level == logging.DEBUG
    assert run("-v", "create-study", "-q", "--storage", "a.db")[0] == 2


@pytest.mark.filterwarnings("default")
def test_warnings_are_one_line(run: Run) -> None:
    run("create-study", "--storage", "a.db")
    run("ask", "--storage", "a.db")
    code, _, err = run("-q", "tell", "--storage", "a.db", "--trial-number", "0", "--values", "nan")
    assert code == 0
    assert err.startswith("Warning: Trial 0 fails.")
    assert err.count("\n") == 1


# Asking and telling


def test_ask_with_a_sampler(run: Run) -> None:
    run("create-study", "--storage", "a.db")
    space = '{"x": {"name": "FloatDistribution", "attributes": {"low": 0.0, "high": 1.0}}}'
    words = ("-q", "ask", "--storage", "a.db", "--search-space", space, "--sampler", "RandomSampler")
    code, out, err = run(*words, "--sampler-kwargs", '{"seed": 1}')
    assert (code, err) == (0, "")
    assert json.loads(out)["params"].keys() == {"x"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--sampler", "Magic"], "There is no sampler 'Magic'. optimist.samplers has: "),
        (["--sampler", "BaseSampler"], "There is no sampler 'BaseSampler'."),
        (["--sampler", "RandomSampler", "--sampler-kwargs", "[1]"], "--sampler-kwargs takes a JSON object"),
        (["--sampler", "RandomSampler", "--sampler-kwargs", '{"sed": 1}'], "unexpected keyword argument 'sed'"),
        (["--sampler-kwargs", "{}"], "--sampler-kwargs needs --sampler"),
        (["--search-space", "{"], "--search-space is not JSON"),
        (["--search-space", '{"x": 3}'], "distribution"),
    ],
)
def test_ask_for_nonsense(run: Run, words: list[str], sentence: str) -> None:
    run("create-study", "--storage", "a.db", "--study-name", "s")
    code, out, err = run("ask", "--storage", "a.db", *words)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert sentence in err
    assert "ColumnSampler" not in err
    assert optimist.load_study(study_name="s", storage="a.db").trials == []


def test_telling_ends_as_told(run: Run) -> None:
    run("create-study", "--storage", "a.db", "--study-name", "s")
    for words in (["--values", "-1e-5"], ["--state", "pruned"], ["--state", "fail"]):
        number = json.loads(run("ask", "--storage", "a.db")[1])["number"]
        assert run("tell", "--storage", "a.db", "--trial-number", str(number), *words)[0] == 0
    trials = optimist.load_study(study_name="s", storage="a.db").trials
    assert [(trial.state.name, trial.value) for trial in trials] == [
        ("COMPLETE", -1e-5),
        ("PRUNED", None),
        ("FAIL", None),
    ]


def test_an_upgrade_that_is_not_needed(run: Run) -> None:
    run("create-study", "--storage", "a.db", "--study-name", "s")
    code, _, err = run("storage", "upgrade", "--storage", "a.db")
    assert code == 0
    assert "up to date" in err
    assert run("storage", "upgrade", "--storage", "b.db")[0] == 1


def test_journal_is_compacted_and_repaired(run: Run, tmp_path: Path) -> None:
    at = ("--storage", "journal://a.journal")
    assert run("create-study", *at, "--study-name", "s")[0] == 0
    for _ in range(3):
        number = json.loads(run("ask", *at)[1])["number"]
        run("tell", *at, "--trial-number", str(number), "--values", "0.5")
    trials = run("trials", *at, "--study-name", "s", "-f", "json")[1]
    path = tmp_path / "a.journal"
    n_lines = path.read_bytes().count(b"\n")
    code, out, err = run("storage", "compact", *at)
    assert (code, out) == (0, "")
    assert "compact now" in err
    assert path.read_bytes().count(b"\n") < n_lines
    assert "Nothing is damaged" in run("storage", "repair", *at)[2]
    with path.open("ab") as file:
        file.write(b"J1 torn")
    code, out, err = run("storage", "repair", *at)
    assert code == 0
    assert ": torn (7 bytes)" in out
    assert "a.journal.damaged-" in err
    assert run("trials", *at, "--study-name", "s", "-f", "json")[1] == trials
    assert "up to date" in run("storage", "upgrade", *at)[2]


def test_only_journals_are_compacted(run: Run) -> None:
    for storage in ("journal://missing.journal", "nothing://x"):
        for command in ("compact", "repair"):
            code, out, err = run("storage", command, "--storage", storage)
            assert (code, out, err.count("\n")) == (1, "", 1)
