"""What every test shares: with OPTIMIST_NO_SKIPS=1, a skip in a listed suite is a failure.

On a developer's machine a test may skip for want of a server or a library; `make test` lists such skips with their
reasons. Where everything is installed, as in `.ci/run`, a skip means that a promise went untested.

Hypothesis makes the same examples in every run. HYPOTHESIS_PROFILE=explore looks for new ones, ten times as many.
"""

from __future__ import annotations

import os
import signal
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np

pytest_plugins = ["tests.servers"]

# Whoever runs tests in the background of a shell script has Ctrl-C ignored, and its handling could not be tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

SUITES_WITHOUT_SKIPS = frozenset(
    {"architecture", "conformance", "docs", "peers", "property", "reference", "unit"},
)
NO_SKIPS = os.environ.get("OPTIMIST_NO_SKIPS") == "1"
TESTS = Path(__file__).parent

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(autouse=True, scope="module")
def _verbosity() -> Generator[None]:
    """What a test sets for its own sake ends with its module: which other modules the process runs next is chance."""
    from optimist import logging  # not before coverage is measured

    before = logging.get_verbosity()
    yield
    logging.set_verbosity(before)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator of the test's own, so that what it draws does not hang on which tests ran before."""
    import numpy

    return numpy.random.default_rng(zlib.crc32(request.node.name.encode()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        refuse_skip(report, item.path)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:  # a whole module that skips itself, as with pytest.importorskip
        refuse_skip(report, collector.path)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport, path: Path) -> None:
    """Turn a skip into a failure where skips are not allowed."""
    if not NO_SKIPS or suite_of(path) not in SUITES_WITHOUT_SKIPS:
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"OPTIMIST_NO_SKIPS=1 allows no skip in tests/{suite_of(path)}, but this one did. {reason}"


def suite_of(path: Path) -> str:
    """Name the directory under tests/ that holds this file, such as "peers"."""
    return path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""
