"""Which pruner would have suited a past study: each is tried on its trials, in many orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimist.pruners.lineup import Candidate, lineup
from optimist.pruners.recording import Recording
from optimist.pruners.replaying import Replay, random_orders, replay

_TOLERANCE = 0.01
_FEWEST_SLOW_ORDERS = 3
_ORDERS_PER_SLOW_ORDER = 20
_FEW_RUNS = 30


@dataclass(frozen=True, slots=True)
class PrunerScore:
    """How a pruner did on recorded trials.

    Attributes:
        code: How to make it, as a user writes it.
        n_orders: In how many orders of the trials it was tried.
        steps: The steps that were made, as a share of those without pruning; the mean over the orders.
        regret: How much worse the best complete trial was than the best of all, in units of the metric; the mean.
        regret_90: The same, what nine of ten orders do not exceed.
        stopped: The share of trials that it stopped.
        n_leads: How many trials would have become the incumbent of their moment, over all orders.
        n_leads_stopped: How many of these it stopped.
        seconds_per_decision: What one decision took.
    """

    code: str
    n_orders: int
    steps: float
    regret: float
    regret_90: float
    stopped: float
    n_leads: int
    n_leads_stopped: int
    seconds_per_decision: float

    @property
    def leads_stopped(self) -> float:
        """The share of would-be incumbents that it stopped; 0 if there was none."""
        return self.n_leads_stopped / self.n_leads if self.n_leads else 0.0

    @classmethod
    def of(cls, code: str, outcome: Replay) -> PrunerScore:
        """Sum up what happened."""
        regrets = outcome.regrets
        return cls(
            code,
            len(outcome.orders),
            float(outcome.step_shares.mean()),
            float(regrets.mean()),
            float(np.quantile(regrets, 0.9, method="inverted_cdf")),  # an infinite one does not spoil its neighbours
            float(outcome.is_stopped.mean()),
            outcome.n_leads,
            outcome.n_leads_stopped,
            outcome.seconds_per_decision,
        )


@dataclass(frozen=True)
class PrunerComparison:
    """How pruners did on the trials of a past study.

    Attributes:
        scores: One for each pruner, those that made the fewest steps first.
        tolerance: The mean regret that is accepted, in units of the metric.
        most_leads_stopped: The share of would-be incumbents that may be stopped.
        n_runs: How many trials were run again.
        n_left_out: How many pruned trials were not, for nobody knows their ends.
    """

    scores: tuple[PrunerScore, ...]
    tolerance: float
    most_leads_stopped: float
    n_runs: int
    n_left_out: int = 0

    @property
    def recommended(self) -> PrunerScore | None:
        """The pruner that made the fewest steps of those that stay within both limits; None if none does."""
        for score in self.scores:
            if score.regret <= self.tolerance and score.leads_stopped <= self.most_leads_stopped:
                return score
        return None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in plain sentences."""
        limits = (
            f"a mean regret of at most {self.tolerance:.3g} and at most {self.most_leads_stopped:.0%} of the trials stopped "
            "that would have become the best of their time"
        )
        best = self.recommended
        if best is None:
            found = [f"No pruner keeps to {limits}. Do not prune."]
        else:
            found = [
                f"Recommended: {best.code}. It made {best.steps:.0%} of the steps, the fewest of those that keep to {limits}."
            ]
        if self.n_runs < _FEW_RUNS:
            found.append(
                f"With {self.n_runs} trials that is little more than a guess; let {_FEW_RUNS} or more run to their end."
            )
        if self.n_left_out:
            found.append(
                f"{self.n_left_out} pruned trials are left out, for nobody knows their ends. Those that are left are better "
                "than usual, and so may pruning look; a study without pruning, or with AuditedPruner(pruner, control=1), "
                "says more."
            )
        return tuple(found)


def compare_pruners(
    recording: Recording,
    candidates: Sequence[Candidate] | None = None,
    *,
    n_orders: int = 100,
    n_trials: int | None = None,
    tolerance: float | None = None,
    most_leads_stopped: float = 0.05,
    seed: int | np.random.Generator = 0,
    n_left_out: int = 0,
) -> PrunerComparison:
    """Try pruners on recorded trials, all on the same random orders.

    Args:
        recording: The trials.
        candidates: What to try; None for our own pruners, each with several warm-ups.
        n_orders: In how many orders. Slow pruners are tried in the first few of them, one of 20 and at least 3.
        n_trials: How many trials each order has; None for all.
        tolerance: The mean regret to accept for fewer steps, in units of the metric. None takes a hundredth of the distance
            between the median final value and the best.
        most_leads_stopped: The share of would-be incumbents that may be stopped for fewer steps.
        seed: For the orders.
        n_left_out: How many pruned trials the recording lacks.

    Raises:
        ValueError: There are fewer than two trials, or an argument is outside its range.
    """
    if len(recording) < 2:
        raise ValueError(
            f"A replay needs at least two complete trials that reported intermediate values, but there are {len(recording)}. "
            "Run some with NopPruner(), or with AuditedPruner(pruner, control=1), so that they come to their end."
        )
    if n_orders < 1:
        raise ValueError(f"A replay needs n_orders >= 1, but got {n_orders}.")
    if tolerance is None:
        tolerance = _TOLERANCE * float(np.median(recording.losses) - recording.losses.min())
    elif not tolerance >= 0:
        raise ValueError(f"A replay needs tolerance >= 0, but got {tolerance!r}.")
    if not 0 <= most_leads_stopped <= 1:
        raise ValueError(f"A replay needs 0 <= most_leads_stopped <= 1, but got {most_leads_stopped!r}.")
    if candidates is None:
        candidates = lineup(usual_steps(recording))
    orders = random_orders(len(recording), n_orders, n_trials, seed)
    n_slow = min(n_orders, max(_FEWEST_SLOW_ORDERS, n_orders // _ORDERS_PER_SLOW_ORDER))
    scores = [
        PrunerScore.of(one.code, replay(recording, one.make, orders[:n_slow] if one.is_slow else orders))
        for one in candidates
    ]
    scores.sort(key=lambda score: (score.steps, score.regret))
    return PrunerComparison(tuple(scores), tolerance, most_leads_stopped, len(recording), n_left_out)


def usual_steps(recording: Recording) -> list[int]:
    """The steps of the run whose length is the median, ascending."""
    middle = int(np.argsort(recording.lengths, kind="stable")[len(recording) // 2])
    return sorted(recording.runs[middle].reports)
