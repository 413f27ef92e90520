"""``optimist report``, ``optimist compare`` and ``optimist export``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import optimist
from optimist.cli import main
from optimist.report import export_csv, export_json, export_parquet
from optimist.samplers import RandomSampler
from optimist.study import Study


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    yield
    optimist.logging.set_verbosity(before)


@pytest.fixture
def storage(tmp_path: Path) -> str:
    url = str(tmp_path / "studies.db")
    for seed, name in enumerate(("random-0", "random-1", "other=1")):
        study = optimist.create_study(study_name=name, storage=url, sampler=RandomSampler(seed=seed))
        study.optimize(lambda trial: 1 + trial.suggest_float("x", 0, 1), n_trials=12)
    return url


def load(storage: str, name: str = "random-0") -> Study:
    return optimist.load_study(study_name=name, storage=storage)


def test_export_to_files(storage: str, tmp_path: Path) -> None:
    files = [str(tmp_path / f"out.{form}") for form in ("csv", "json", "parquet")]
    words = ["--csv", files[0], "--json", files[1], "--parquet", files[2], "--storage", storage]
    assert main(["export", "random-0", *words]) == 0
    study = load(storage)
    assert Path(files[0]).read_text(encoding="utf-8") == export_csv(study)
    assert Path(files[1]).read_text(encoding="utf-8") == export_json(study)
    assert Path(files[2]).read_bytes() == export_parquet(study)


@pytest.mark.parametrize(("option", "make"), [("--csv", export_csv), ("--json", export_json)])
def test_export_to_the_screen(storage: str, option: str, make: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "random-0", option, "-", "--storage", storage]) == 0
    assert callable(make)
    assert capsys.readouterr().out == make(load(storage))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Export to what?"),
        (["--parquet", "-"], "Parquet is not text"),
        (["--csv", "-", "--json", "-"], "Only one of --csv and --json"),
    ],
)
def test_export_says_what_is_wrong(
    storage: str, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "random-0", *words, "--storage", storage]) == 1
    assert says in capsys.readouterr().err


def test_report(storage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("r.html", "r.md"):
        assert main(["report", "random-1", "--storage", storage, "--out", str(tmp_path / name)]) == 0
        assert "random-1" in (tmp_path / name).read_text(encoding="utf-8")
    assert main(["report", "random-1", "--storage", storage, "--out", "r.pdf"]) == 1
    assert "a file that ends in .html" in capsys.readouterr().err
    assert main(["report", "--storage", storage, "--out", str(tmp_path / "x.md")]) == 1  # there are three


def test_compare_in_sentences_and_a_table(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "random-0", "other=1", "--storage", storage, "--in-any-order", "other=1"]) == 0
    printed = capsys.readouterr().out
    for sentence in load(storage).compare(load(storage, "other=1"), in_any_order=["other=1"]).sentences:
        assert sentence in printed
    assert "| close at 10 | close at 12 |" in printed
    assert "repeats" not in printed.splitlines()[-5]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_compare_repeats_for_scripts(storage: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", "random=random-*", "o=other=1,random-1", "--paired", "--within", "0.1", "--storage", storage]
    assert main([*words, "-f", form]) == 0
    text = capsys.readouterr().out
    found = json.loads(text) if form == "json" else yaml.safe_load(text)
    assert [(one["name"], one["n_repeats"]) for one in found["contenders"]] == [("random", 2), ("o", 2)]
    assert found["contenders"][1]["difference_interval"][0] <= found["contenders"][1]["difference"]
    assert set(found["contenders"][0]["chance_within"]) == {"10", "12"}


def test_compare_table_of_repeats(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    optimist.create_study(study_name="empty", storage=storage)
    assert main(["compare", "r=random-?", "empty", "--storage", storage]) == 0
    printed = capsys.readouterr().out
    assert "| repeats |" in printed
    assert "middle half" in printed
    assert "| none " in printed


def test_compare_of_no_study(storage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "a=nothing*", "--storage", storage]) == 1
    assert "No study matches 'a=nothing*'. The storage has: random-0, random-1, other=1." in capsys.readouterr().err
    assert main(["compare", "typo", "--storage", storage]) == 1
    assert main(["compare", "--storage", storage]) == 2
