"""The garbage collector, held back while many objects are made that all stay."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_n_holding = 0
_was_enabled = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Hold the collector back: it would look through the new objects again and again, and find nothing to free.

    Listing 10,000 stored trials takes three times as long otherwise. Blocks may overlap in several threads; the last
    to end wakes the collector, if it was awake before the first.
    """
    global _n_holding, _was_enabled  # noqa: PLW0603  the collector is one for the whole process
    with _lock:
        if _n_holding == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _n_holding += 1
    try:
        yield
    finally:
        with _lock:
            _n_holding -= 1
            if _n_holding == 0 and _was_enabled:
                gc.enable()
