"""Neither library talks while the two are compared."""

from __future__ import annotations

from collections.abc import Iterator

import optuna
import pytest

import optimist


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = [library.logging.get_verbosity() for library in (optuna, optimist)]
    for library in (optuna, optimist):
        library.logging.set_verbosity(library.logging.WARNING)
    yield
    for library, verbosity in zip((optuna, optimist), before, strict=True):
        library.logging.set_verbosity(verbosity)
