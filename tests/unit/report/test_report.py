"""Reports: what they say of which study, and that nothing a user named gets through as markup."""

from __future__ import annotations

import ast
import html.parser
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import optimist
from optimist.exceptions import MissingDependencyError
from optimist.pruners import AuditedPruner, MedianPruner
from optimist.report import html_report, markdown_report, write_report
from optimist.report.compose import compose
from optimist.report.contents import Picture, Report, Section
from optimist.report.html import N_WEBGL, Figures
from optimist.report.templating import fence, markdown_text
from optimist.samplers import RandomSampler
from optimist.study import Study
from optimist.trial import create_trial
from tests.unit.visualization import studies

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


class Page(html.parser.HTMLParser):
    """The elements of a page, the data of its figures, and what one can read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.figures: list[dict[str, object]] = []
        self.words = ""
        self._is_data = self._is_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._is_script = tag in ("script", "style")
        self._is_data = ("type", "application/json") in attrs

    def handle_endtag(self, tag: str) -> None:
        self._is_data = self._is_script = False

    def handle_data(self, data: str) -> None:
        if self._is_data:
            self.figures.append(json.loads(data))
        elif not self._is_script:
            self.words += data


def section(report: Report, title: str) -> Section | None:
    return next((part for part in report.sections if part.title == title), None)


def pictures(report: Report) -> list[str]:
    return [picture.plot for part in report.sections for picture in part.pictures]


def audited() -> Study:
    def objective(trial: optimist.Trial) -> float:
        x = trial.suggest_float("x", 0, 1, default=0.9)
        y = trial.suggest_categorical("y", [1, 2])
        for step in range(4):
            trial.report(x + y / (step + 1), step)
            if trial.should_prune():
                raise optimist.TrialPruned
        return x + y / 4

    study = optimist.create_study(
        study_name="audited", sampler=RandomSampler(seed=1), pruner=AuditedPruner(MedianPruner(n_startup_trials=2), 0.5)
    )
    study.optimize(objective, n_trials=30)
    return study


# What it says


def test_a_whole_report() -> None:
    study = audited()
    report = compose(study)
    facts = dict(report.facts)
    assert facts["Goal"] == "minimize value"
    assert facts["Best value"] == f"{study.best_value:.6g} (trial {study.best_trial.number})"
    assert facts["Recommended defaults"].endswith("(trial 0)")
    assert [part.title for part in report.sections] == [
        "The outcome",
        "What was searched",
        "How it went",
        "Which parameters matter",
        "Pruning",
        "What it cost, and what else could be had",
        "Who worked when",
        "How to do it again",
    ]
    assert pictures(report) == [
        "optimization_history",
        "intermediate_values",
        "param_importances",
        "slice",
        "contour",
        "pruning_audit",
        "timeline",
    ]
    searched = section(report, "What was searched")
    assert searched is not None
    assert searched.tables[0].rows[0][:3] == ("x", "0 to 1", "0.9")
    assert "RandomSampler" in searched.sentences[0]
    pruning = section(report, "Pruning")
    assert pruning is not None
    assert pruning.sentences == study.pruning_audit().sentences


def test_the_code_makes_the_best_parameters() -> None:
    study = optimist.create_study()
    for x in (0.1 + 0.2, float("inf")):
        study.add_trial(
            create_trial(
                value=0.0 if x < 1 else -1.0,
                params={"x": x, "it's": "a`b"},
                distributions={
                    "x": optimist.distributions.CategoricalDistribution((x,)),
                    "it's": optimist.distributions.CategoricalDistribution(("a`b",)),
                },
            )
        ) if x < 1 else None
    part = section(compose(study), "How to do it again")
    assert part is not None
    tree = ast.parse(part.codes[0].text)
    assigned = next(node for node in tree.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(assigned.value) == study.best_params


def test_the_defaults_are_the_best() -> None:
    study = optimist.create_study()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1, default=0.0), n_trials=3)
    part = section(compose(study), "The outcome")
    assert part is not None
    assert "Nothing better than the recommended defaults was found." in part.sentences
    assert part.tables[0].header == ("", "Best (trial 0)")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (studies.empty, "The study has no trials yet."),
        (studies.all_failed, "All 3 trials failed."),
        (studies.all_infeasible, "No complete trial is feasible: each violates a constraint."),
        (studies.constrained, "The best value is 1, of trial 1."),
        (studies.one_trial, "The best value is 0.5, of trial 0."),
        (
            studies.multi_objective,
            "6 trials cannot be improved in one objective without loss in another: the Pareto front.",
        ),
    ],
)
def test_what_it_says_of_odd_studies(make: Callable[[], Study], says: str) -> None:
    part = section(compose(make()), "The outcome")
    assert part is not None
    assert part.sentences[0] == says


def test_a_study_that_optimize_did_not_run() -> None:
    part = section(compose(studies.one_trial()), "How to do it again")
    assert part is not None
    assert part.sentences[0].startswith("How the trials came to be is not known")


@pytest.mark.parametrize("make", [*studies.ODD.values(), studies.multi_objective, lambda: studies.multi_objective(3)])
def test_every_study_has_a_page(make: Callable[[], Study]) -> None:
    study = make()
    text = html_report(study)
    page = Page(text)
    assert len(page.figures) == page.tags.count("figure") == len(pictures(compose(study)))
    assert page.tags.count("script") == len(page.figures) + 2
    assert all("data" in figure and "layout" in figure for figure in page.figures)
    assert "None" not in page.words.replace("None'", "").split()
    assert "nan" not in page.words.lower().split()
    markdown_report(study)


# What gets through


def evil() -> Study:
    study = optimist.create_study(study_name=EVIL)
    study.set_metric_names([EVIL])
    for i, choice in enumerate((EVIL, "a|b\n# c", "*b*")):
        params = {EVIL: choice, "x": i / 2}
        study.add_trial(
            create_trial(
                value=float(i),
                params=params,
                distributions={
                    EVIL: optimist.distributions.CategoricalDistribution((EVIL, "a|b\n# c", "*b*")),
                    "x": optimist.distributions.FloatDistribution(0, 1),
                },
                constraints={EVIL: -1.0},
                intermediate_values={0: 1.0},
            )
        )
    return study


def test_names_are_no_markup_in_html() -> None:
    study = evil()
    page = Page(html_report(study))
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.tags.count("script") == len(page.figures) + 2
    assert EVIL in page.words
    assert EVIL.replace("<", "&lt;").replace(">", "&gt;") in json.dumps(page.figures)  # plotly reads tags in texts


def test_the_page_asks_nobody_for_anything() -> None:
    page = Page(html_report(audited()))
    links = [value for name, value in page.attributes if name in ("src", "href")]
    assert links == ["data:,"]
    (policy,) = (value for name, value in page.attributes if value and "default-src" in value)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert policy.count("'sha256-") == 2


def test_names_are_no_markup_in_markdown() -> None:
    text = markdown_report(evil())
    outside = re.sub(r"```python\n.*?```", "", text, flags=re.DOTALL)
    assert "<" not in outside
    assert "\n# c" not in outside
    assert r"a\|b" in outside
    for line in outside.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("1. a", r"1\. a"),
        ("0.5", "0.5"),
        ("- a", r"\- a"),
        ("# a", r"\# a"),
        ("a - b", "a - b"),
        ("a\n\nb", "a b"),
        ("[a](b)", r"\[a\](b)"),
        ("<&>", "&lt;&amp;&gt;"),
        ("> a", "&gt; a"),
        ("", ""),
    ],
)
def test_words_in_markdown(words: str, text: str) -> None:
    assert markdown_text(words) == text


def test_fences_are_longer_than_what_they_hold() -> None:
    assert (fence("a"), fence("a ```` b")) == ("```", "`````")


# Files


def test_html_and_markdown_files(tmp_path: Path) -> None:
    study = audited()
    assert write_report(study, tmp_path / "r.html") == tmp_path / "r.html"
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    write_report(study, str(tmp_path / "my report.md"))
    text = (tmp_path / "my report.md").read_text(encoding="utf-8")
    named = re.findall(r"!\[[^]]*\]\(my%20report-pictures/(\w+)\.png\)", text)
    assert named == pictures(compose(study))
    for name in named:
        assert (tmp_path / "my report-pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in tmp_path.iterdir()} == {"r.html", "my report.md", "my report-pictures"}


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.html, \.htm, \.md"):
        write_report(studies.empty(), tmp_path / "report.pdf")


def test_a_page_holds_so_many_webgl_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimist.visualization.plotly.figure.N_SVG", 3)
    figures = Figures(studies.varied())
    drawn = [figures.json_of(Picture("optimization_history", "")) for _ in range(N_WEBGL + 1)]
    assert [text is not None for text in drawn] == [True] * N_WEBGL + [False]


@pytest.mark.parametrize(("missing", "needs"), [("jinja2", r"optimist\[report\]"), ("plotly.graph_objects", "plotly")])
def test_what_is_missing_is_named(missing: str, needs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingDependencyError, match=needs):
        html_report(studies.empty())


def test_markdown_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = studies.one_trial()
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    write_report(study, tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "Pictures are missing" in text
    assert "![" not in text
    assert not (tmp_path / "r-pictures").exists()
