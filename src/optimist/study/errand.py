"""A trial that runs where an executor puts it: what is called there, and what comes back."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from optimist.exceptions import DeadEndError, TrialPruned
from optimist.states import TrialState
from optimist.study.ledger import Ledger
from optimist.study.live_trial import Trial
from optimist.study.outcome import Outcome, outcome_of

_GUEST: Final = "optimist.study.guest"
"""What opens a study in another process. It builds on the study, which builds on this, so it is not imported but named."""


@dataclass(frozen=True)
class Returned:
    """How a trial ended, as far as the objective is concerned.

    Attributes:
        outcome: How.
        recommended: The recommended values that the objective gave, by parameter.
        confidence: How sure these are, where the objective said so.
        is_stopping: Whether it called ``study.stop()``.
        is_fatal: Whether what it raised ends the study's loop.
        is_dead_end: Whether the parameter constraint left it no value.
        error: What it raised, if it ran in the process of the driver.
        text: What it raised, with its traceback, if it ran elsewhere; empty if all went well.
        why_lost: Why the trial could not be run to its end here, and is to be run again; empty if it was.
    """

    outcome: Outcome = field(default_factory=lambda: Outcome(TrialState.FAIL))
    recommended: dict[str, Any] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    is_stopping: bool = False
    is_fatal: bool = False
    is_dead_end: bool = False
    error: BaseException | None = None
    text: str = ""
    why_lost: str = ""


class Attempted(Protocol):
    """What is needed of the study of a trial that is run."""

    ledger: Ledger
    in_loop: threading.local
    is_stopping: bool


def attempt(
    study: Attempted,
    trial: Trial,
    objective: Callable[[Any], float | Sequence[float]],
    catch: tuple[type[BaseException], ...],
    *,
    gc_after_trial: bool = False,
) -> Returned:
    """Call the objective with a trial; whatever it raises is part of what is returned."""
    n_objectives = len(study.ledger.record.directions)
    error: BaseException | None = None
    study.in_loop.is_set = True
    try:
        outcome = outcome_of(trial.draft, objective(trial), None, n_objectives)
    except TrialPruned:
        outcome = outcome_of(trial.draft, None, TrialState.PRUNED, n_objectives, study.ledger.history.system_attrs)
    except BaseException as raised:  # noqa: BLE001  the driver decides what it means
        error = raised
        outcome = Outcome(TrialState.FAIL, None, f"{type(raised).__name__}: {raised}")
    finally:
        study.in_loop.is_set = False
    if gc_after_trial:
        gc.collect()
    is_fatal = error is not None and not isinstance(error, catch)
    is_dead_end = isinstance(error, DeadEndError)
    return Returned(
        outcome, dict(trial.recommended), dict(trial.confidence), study.is_stopping, is_fatal, is_dead_end, error
    )


def run_errand(key: str, luggage: bytes, packed: bytes) -> Returned:
    """Run a trial in this process, which is not the driver's; see ``optimist.study.guest.run``."""
    back: Returned = importlib.import_module(_GUEST).run(key, luggage, packed)
    return back
