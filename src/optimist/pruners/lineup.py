"""The pruners that a replay tries, with warm-ups that fit the length of the trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from optimist.pruners.base import BasePruner
from optimist.pruners.curve import CurvePruner
from optimist.pruners.hyperband import HyperbandPruner
from optimist.pruners.median import MedianPruner
from optimist.pruners.nop import NopPruner
from optimist.pruners.patient import PatientPruner
from optimist.pruners.percentile import PercentilePruner
from optimist.pruners.successive_halving import SuccessiveHalvingPruner

_WARM_UPS = (0.0, 0.1, 0.25, 0.5)
"""As shares of a trial's length."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pruner to be tried.

    Attributes:
        code: How to make it, as a user writes it.
        make: Makes a fresh one.
        is_slow: Whether a decision takes milliseconds, so that a few of the orders must do.
    """

    code: str
    make: Callable[[], BasePruner]
    is_slow: bool = False


def lineup(steps: Sequence[int]) -> list[Candidate]:
    """Our pruners that compare trials, each with several warm-ups. No pruning comes first.

    Args:
        steps: The numbers of the steps that a trial of usual length reports, ascending.
    """
    warm_ups = list(dict.fromkeys(0 if not share else steps[int(share * len(steps))] for share in _WARM_UPS))
    resources = list(dict.fromkeys(max(warm_up, 1) for warm_up in warm_ups))
    candidates = [_candidate(NopPruner)]
    for warm_up in warm_ups:
        late: dict[str, Any] = {"n_warmup_steps": warm_up} if warm_up else {}
        candidates += [
            _candidate(MedianPruner, **late),
            _candidate(PercentilePruner, 25.0, **late),
            _candidate(PercentilePruner, 75.0, **late),
        ]
    for resource in resources:
        candidates += [
            _candidate(SuccessiveHalvingPruner, min_resource=resource),
            _candidate(SuccessiveHalvingPruner, min_resource=resource, reduction_factor=2),
            _candidate(HyperbandPruner, min_resource=resource),
        ]
    for patience in dict.fromkeys((1, max(2, len(steps) // 10))):
        candidates.append(
            Candidate(
                f"PatientPruner(MedianPruner(), patience={patience})",
                partial(_patient_median, patience),
            )
        )
    candidates.append(Candidate("CurvePruner()", CurvePruner, is_slow=True))
    return candidates


def _candidate(kind: Callable[..., BasePruner], *args: Any, **kwargs: Any) -> Candidate:
    given = ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())])
    return Candidate(f"{kind.__name__}({given})", partial(kind, *args, **kwargs))


def _patient_median(patience: int) -> BasePruner:
    return PatientPruner(MedianPruner(), patience)
