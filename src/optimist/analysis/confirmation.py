"""What a confirmation found: whether the best trials of a search are as good when they are measured again.

The best of many noisy measurements is good by luck in part: the winner's curse. Measured again, it is worse on average.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optimist.history.tables import html_table, params_text, text_table, wrapped
from optimist.numerics.contests import difference_reach, mean_reach

_HEADER = ("trial", "searched", "confirmed", "95% interval", "gap", "behind the winner", "parameters")


@dataclass(frozen=True)
class ConfirmedTrial:
    """A trial of the search, and what its parameters gave when they were measured again.

    Attributes:
        number: Its number in the search.
        is_default: Whether it tried the recommended values.
        params: Its parameters.
        searched: Its value in the search; None if it had none, as a default that was pruned.
        values: The value for each seed that ended well, in the order of the seeds.
        n_failed: How many of its runs failed. A trial with such runs cannot win.
    """

    number: int
    is_default: bool
    params: Mapping[str, Any]
    searched: float | None
    values: tuple[float, ...]
    n_failed: int = 0

    @property
    def mean(self) -> float:
        """The confirmed value: the mean over the seeds; NaN if all runs failed."""
        return sum(self.values) / len(self.values) if self.values else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% t-interval of the mean; infinite for fewer than two seeds."""
        reach = mean_reach(np.array(self.values))
        return self.mean - reach, self.mean + reach

    @property
    def gap(self) -> float | None:
        """How much higher the confirmed value is than the searched one; None if there was none."""
        return None if self.searched is None else self.mean - self.searched

    @property
    def name(self) -> str:
        """What to call it."""
        return f"trial {self.number}{' (the defaults)' if self.is_default else ''}"


@dataclass(frozen=True)
class Confirmation:
    """What :meth:`Study.confirm` found.

    Attributes:
        study_name: The study whose trials were measured again.
        runs_study_name: The study that holds the new measurements.
        is_maximized: Whether higher values are better.
        seeds: What each trial was measured with.
        trials: The trials, the best confirmed one first, those with failed runs last.
        n_reused: How many runs an earlier confirmation had made.
    """

    study_name: str
    runs_study_name: str
    is_maximized: bool
    seeds: tuple[int, ...]
    trials: tuple[ConfirmedTrial, ...]
    n_reused: int = 0

    @property
    def winner(self) -> ConfirmedTrial:
        """The trial with the best mean over the seeds."""
        return self.trials[0]

    @property
    def default(self) -> ConfirmedTrial | None:
        """The trial of the defaults; None if the study has none."""
        return next((trial for trial in self.trials if trial.is_default), None)

    @property
    def searched_best(self) -> ConfirmedTrial:
        """The trial that was the best in the search."""
        sign = -1.0 if self.is_maximized else 1.0
        return min(
            (trial for trial in self.trials if trial.searched is not None),
            key=lambda trial: sign * trial.searched,  # type: ignore[operator]
        )

    @property
    def is_repeatable(self) -> bool:
        """Whether each trial gave one and the same value for all seeds, of two or more: no noise was measured."""
        return len(self.seeds) > 1 and all(len(set(trial.values)) <= 1 for trial in self.trials)

    def behind(self, trial: ConfirmedTrial) -> tuple[float, float, float]:
        """How much worse a trial is than the winner: the estimate, and its 95% interval.

        The intervals of all trials hold together, with a confidence of 95%, and mind that the winner was chosen by these
        same runs; see :func:`optimist.numerics.contests.difference_reach`.

        Args:
            trial: One of ``trials``.
        """
        sign = 1.0 if self.is_maximized else -1.0
        lead = sign * (self.winner.mean - trial.mean)
        reach = (
            self._reach if trial is not self.winner and trial.n_failed == 0 else 0.0 if trial is self.winner else np.inf
        )
        return lead, lead - reach, lead + reach

    @property
    def as_good(self) -> tuple[ConfirmedTrial, ...]:
        """The other trials that may be as good as the winner, as far as these runs can tell."""
        return tuple(t for t in self.trials[1:] if t.n_failed == 0 and self.behind(t)[1] <= 0.0)

    @cached_property
    def _reach(self) -> float:
        return difference_reach(np.array([trial.values for trial in self.trials if trial.n_failed == 0]))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in plain sentences."""
        said = [self._curse(), self._verdict(), self._defaults()]
        if self.is_repeatable:
            said.append(
                "Every trial gave the same value for every seed. If training is random, the objective ignores the seed: "
                'let it read trial.user_attrs.get("seed", 0).'
            )
        if len(self.seeds) < 2:
            said.append("One seed says nothing about the noise: take seeds=3 or more.")
        return tuple(said)

    def _curse(self) -> str:
        best = self.searched_best
        assert best.searched is not None
        if not best.values:
            return f"{_upper(best.name)} was the best of the search with {best.searched:.6g}; all its runs failed now."
        others = [trial.gap for trial in self.trials if trial.gap is not None and trial.values and not trial.is_default]
        mean = (
            f" Over the best {len(others)} trials the gap is {np.mean(others):+.3g} on average."
            if len(others) > 1
            else ""
        )
        return (
            f"{_upper(best.name)} was the best of the search with {best.searched:.6g}; confirmed, it has {best.mean:.6g} "
            f"({_gap(best)}).{mean}"
        )

    def _verdict(self) -> str:
        winner = self.winner
        said = f"{_upper(winner.name)} wins with {winner.mean:.6g}{_interval(winner.interval)} over {len(winner.values)} seeds."
        if self.is_repeatable or len(self.seeds) < 2 or len(self.trials) < 2:
            return said
        if not self.as_good:
            return f"{said} It is better than all others that were confirmed."
        return f"{said} As good, as far as these runs can tell: {', '.join(trial.name for trial in self.as_good)}."

    def _defaults(self) -> str:
        default = self.default
        if default is None:
            return (
                "No trial has tried recommended values; give them as trial.suggest_float(..., default=...) to learn what the "
                "search is worth."
            )
        if default is self.winner:
            return "The defaults win: the search found nothing better."
        if default.n_failed:
            return f"Runs of the defaults failed: {default.n_failed} of {len(self.seeds)}."
        lead, low, high = self.behind(default)
        doubt = " That may be chance." if low <= 0.0 < self._reach else ""
        return f"The winner is better than the defaults by {lead:.3g}{_interval((low, high), digits=3)}.{doubt}"

    def _rows(self) -> list[list[str]]:
        rows = []
        for trial in self.trials:
            lead, low, high = self.behind(trial)
            failed = f", {trial.n_failed} failed" if trial.n_failed else ""
            rows.append(
                [
                    f"{trial.number}{' (defaults)' if trial.is_default else ''}",
                    "" if trial.searched is None else f"{trial.searched:.6g}",
                    f"{trial.mean:.6g}{failed}",
                    _interval(trial.interval, "").strip("() "),
                    _gap(trial),
                    "the winner" if trial is self.winner else f"{lead:.3g}{_interval((low, high), '', 3)}",
                    params_text(trial.params),
                ]
            )
        return rows

    def __str__(self) -> str:
        return f"{wrapped(self.sentences)}\n\n{text_table(_HEADER, self._rows())}"

    def _repr_html_(self) -> str:
        return html_table(f"Confirmation of {self.study_name}", self.sentences, _HEADER, self._rows())


def _interval(bounds: tuple[float, float], what: str = "95% interval ", digits: int = 4) -> str:
    low, high = bounds
    return f" ({what}{low:.{digits}g} to {high:.{digits}g})" if np.isfinite(high - low) else ""


def _gap(trial: ConfirmedTrial) -> str:
    """The gap between the two values as they are shown, which no rounding error stands behind."""
    if trial.searched is None or not trial.values:
        return ""
    return f"{float(f'{trial.mean:.6g}') - float(f'{trial.searched:.6g}'):+.3g}"


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
