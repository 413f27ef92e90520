"""The page in a real browser, without a network: every figure is drawn, and nothing is complained of."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from optimist.report import write_report
from tests.unit.report.test_report import audited, evil

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


def browse(page: Path, directory: Path, *options: str) -> tuple[str, list[str]]:
    """Open a page; what the browser prints, and what the page's console says."""
    if CHROMIUM is None:
        pytest.skip("There is no Chromium. As root, `make test` installs it: apt-get install chromium")
    command: Sequence[str] = (
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=20000",
        "--enable-logging=stderr",
        f"--user-data-dir={directory}/profile",
        *options,
        page.as_uri(),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout, re.findall(r"CONSOLE[^\n]*", done.stderr)


@pytest.mark.slow
def test_the_page_opens_without_a_network_and_draws_every_figure(tmp_path: Path) -> None:
    page = write_report(audited(), tmp_path / "report.html")
    document, console = browse(page, tmp_path, "--dump-dom")
    assert console == []
    assert len(re.findall(r'<div class="plot js-plotly-plot"', document)) == 7
    assert document.count('class="main-svg"') >= 7
    outside_scripts = re.sub(r"<script.*?</script>", "", document, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="https?:', outside_scripts)


@pytest.mark.slow
def test_names_run_no_scripts(tmp_path: Path) -> None:
    page = write_report(evil(), tmp_path / "report.html")
    document, console = browse(page, tmp_path, "--dump-dom")  # an alert would wait for ever, an image be looked for
    assert console == []
    assert "<img" not in document


@pytest.mark.slow
def test_the_policy_stops_what_it_should(tmp_path: Path) -> None:
    page = write_report(audited(), tmp_path / "report.html")
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</main>", "<script>document.title = 'owned'</script></main>"), encoding="utf-8")
    document, console = browse(page, tmp_path, "--dump-dom")
    assert "<title>owned" not in document
    assert len(console) == 1
    assert "Content Security Policy" in console[0]
