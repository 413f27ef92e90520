"""Figures are drawn without a screen."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import pytest

import optimist

mpl.use("Agg")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optimist.logging.get_verbosity()
    optimist.logging.set_verbosity(optimist.logging.ERROR)
    yield
    optimist.logging.set_verbosity(before)
