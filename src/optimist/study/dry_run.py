"""A dry run of somebody's script: it makes its studies in memory, and its first ``optimize`` is handed over.

For ``optimist check``: so the objective is checked with the study, the pruner and the number of trials that the script
gives it, and nothing is written to the script's storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Handler = Callable[[Any, Any, int | None, int | None], None]
"""Takes the study, the objective, the number of trials and the number of worker processes, None where not given."""

_handlers: list[Handler] = []  # the one at work; a list, so that no global is rebound


class ScriptTaken(BaseException):
    """Ends a script whose ``optimize`` was handed over; no error, so that ``except Exception`` lets it pass."""


@contextmanager
def dry_run(handler: Handler) -> Iterator[None]:
    """While this lasts, the first ``optimize`` goes to a handler; all of this process's threads are concerned."""
    _handlers.append(handler)
    try:
        yield
    finally:
        _handlers.clear()


def is_dry() -> bool:
    """Whether a dry run is on."""
    return bool(_handlers)


def hand_over(study: Any, objective: Any, n_trials: int | None, workers: int | None) -> None:
    """Hand an ``optimize`` over, if a dry run is on, which thereby ends.

    Raises:
        ScriptTaken: It was on.
    """
    if _handlers:
        _handlers.pop()(study, objective, n_trials, workers)
        raise ScriptTaken
