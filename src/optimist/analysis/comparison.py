"""Comparison of studies, or of settings by repeated studies: how good, how soon, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from optimist.analysis.performance import FloatArray, Run, chance_in_any_order, hits, mean_best_in_any_order, run_of
from optimist.history.view import View
from optimist.numerics.intervals import clopper_pearson
from optimist.states import StudyDirection

_N_RESAMPLES = 4000


class Comparable(Protocol):
    """What a comparison asks of a study."""

    @property
    def study_name(self) -> str:
        """Its name."""

    @property
    def directions(self) -> list[StudyDirection]:
        """One per objective."""

    def sync(self) -> None:
        """Take in what others committed."""

    def view(self, exclude: int = -1) -> View:
        """The history at this moment."""


@dataclass(frozen=True)
class Difference:
    """How much better or worse a contender is than the first one, with the same number of trials.

    Attributes:
        mean: Its mean best value minus that of the first, in units of the objective.
        interval: What holds the difference with a confidence of 95%, by the bootstrap; None with a single repeat on
            either side, which says nothing of luck, unless its order is arbitrary.
        is_better: Whether the whole interval lies on the better side of 0; None if it is not known.
        is_paired: Whether repeat i was compared with repeat i.
    """

    mean: float
    interval: tuple[float, float] | None
    is_better: bool | None
    is_paired: bool


@dataclass(frozen=True)
class Contender:
    """One study, or the repeats of one setting.

    Attributes:
        name: What it is called.
        n_repeats: Number of studies.
        n_trials: Finished trials of the median repeat.
        seconds: Time in trials of the median repeat.
        best: Best value of the median repeat; NaN if half of the repeats or more have none.
        quartiles: First and third quartile of the best values, the better one first.
        best_at_budget: (n_repeats,) the best value after ``StudyComparison.budget`` trials, in any order its mean; NaN where
            there is none.
        chance_within: (n_max,) the share of repeats that are within the tolerance of the best known value after 1, 2, ...
            trials; a repeat that ended earlier keeps what it had.
        in_any_order: Whether that is the chance over all orders of the trials instead, as for a grid in random order.
        trials_to_within: After how many trials half of the repeats were there (in any order: at a chance of a half); None
            if they never were.
        difference: To the first contender; None for that itself, and where a repeat has no value.
    """

    name: str
    n_repeats: int
    n_trials: float
    seconds: float
    best: float
    quartiles: tuple[float, float]
    best_at_budget: tuple[float, ...]
    chance_within: FloatArray
    in_any_order: bool
    trials_to_within: int | None
    difference: Difference | None

    def chance_after(self, n: int) -> float:
        """The chance to be within the tolerance after ``n`` trials."""
        return (
            float(self.chance_within[min(n, len(self.chance_within)) - 1]) if n > 0 and len(self.chance_within) else 0.0
        )

    def interval_after(self, n: int) -> tuple[float, float] | None:
        """Where that chance lies with a confidence of 95% (Clopper and Pearson); None in any order, which is no sample."""
        if self.in_any_order:
            return None
        return clopper_pearson(round(self.chance_after(n) * self.n_repeats), self.n_repeats)


@dataclass(frozen=True)
class StudyComparison:
    """What comparing studies gave.

    Attributes:
        direction: That of all studies.
        best_known: The value against which all are measured.
        within: The share of its magnitude that counts as close.
        budget: The number of trials that every repeat has: differences are taken there.
        checkpoints: Numbers of trials at which chances are shown.
        contenders: In the order in which they were given.
    """

    direction: StudyDirection
    best_known: float
    within: float
    budget: int
    checkpoints: tuple[int, ...]
    contenders: tuple[Contender, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in plain sentences; and what to do where too little is known."""
        if math.isnan(self.best_known):
            return ("No study has a complete trial, so there is nothing to compare.",)
        said = [f"The best value known is {self.best_known:.6g}; close means within {100 * self.within:.3g}% of it."]
        said += [self._arrival(contender) for contender in self.contenders]
        first = self.contenders[0].name
        return (*said, *(self._verdict(c, first) for c in self.contenders if c.difference is not None))

    def _arrival(self, one: Contender) -> str:
        n = len(one.chance_within)
        if not one.n_trials:
            return f"{one.name} has no finished trial."
        if one.trials_to_within is None and one.n_repeats == 1:
            return f"{one.name} was not close after {one.n_trials:,.0f} trials."
        if one.trials_to_within is None:
            return f"{one.name} was close after {n} trials in {one.chance_after(n):.0%} of its {one.n_repeats} repeats."
        arrived = f"{one.trials_to_within} trial{'' if one.trials_to_within == 1 else 's'}"
        if one.in_any_order:
            return f"{one.name}, in random order, is close after {arrived} with a chance of a half."
        if one.n_repeats == 1:
            return f"{one.name} was close after {arrived}."
        return f"{one.name} was close after {arrived} in half of its {one.n_repeats} repeats."

    def _verdict(self, one: Contender, first: str) -> str:
        found = one.difference
        assert found is not None
        is_ahead = found.mean < 0 if self.direction != StudyDirection.MAXIMIZE else found.mean > 0
        side = "as good as" if found.mean == 0 else "better than" if is_ahead else "worse than"
        amount = "" if found.mean == 0 else f" by {abs(found.mean):.3g}"
        amount += " on average" if found.mean and one.n_repeats > 1 else ""
        said = f"After {self.budget} trials {one.name} is {side} {first}{amount}"
        if found.interval is None:
            return f"{said}; with one run on a side that may be luck: repeat it with other seeds."
        low, high = found.interval
        sure = "" if found.is_better or (high < 0 or low > 0) else ", which may be luck: the interval holds 0"
        how = "paired, " if found.is_paired else ""
        return f"{said} ({how}95% interval of the difference {low:.3g} to {high:.3g}){sure}."


def compare_studies(
    studies: Mapping[str, Comparable | Sequence[Comparable]] | Sequence[Comparable],
    *,
    within: float = 0.01,
    best_known: float | None = None,
    checkpoints: Sequence[int] | None = None,
    in_any_order: Collection[str] = (),
    paired: bool = False,
    seed: int = 0,
) -> StudyComparison:
    """Compare studies of one task, or settings that were repeated with several seeds.

    Trials count in order of their numbers; failed, pruned and infeasible ones cost a trial and bring no value.

    Args:
        studies: For each name one study or several repeats; or studies, each for itself under its name.
        within: What is close: at most so much of the magnitude of the best known value away from it.
        best_known: The best value there is, if one knows; None: the best of all these studies.
        checkpoints: After how many trials chances are shown; None: 10, 25, 50, 100, ... up to the longest.
        in_any_order: Names of contenders whose order of trials is arbitrary, such as a grid: their chances are those over
            all orders, exactly.
        paired: Whether repeat i of each belongs to repeat i of the others, say by a common seed or data split.
        seed: For the bootstrap.

    Raises:
        ValueError: There is no study, one has several objectives, directions differ, ``within`` is negative, a name of
            ``in_any_order`` is unknown, or ``paired`` and numbers of repeats differ.
    """
    named = _named(studies)
    direction = _check(named, within, in_any_order, paired)
    runs = {name: [_read(study) for study in repeats] for name, repeats in named.items()}
    sign = -1.0 if direction == StudyDirection.MAXIMIZE else 1.0
    every = [run for repeats in runs.values() for run in repeats]
    lowest = min(run.best_after(run.n) for run in every)
    if best_known is not None:
        lowest = sign * best_known
    known = sign * lowest if math.isfinite(lowest) else math.nan
    limit = lowest + within * abs(lowest) if math.isfinite(lowest) else -math.inf
    budget, longest = min(run.n for run in every), max(run.n for run in every)
    rng = np.random.default_rng(seed)
    contenders: list[Contender] = []
    first: _Standing | None = None
    for name, repeats in runs.items():
        standing = _standing(repeats, budget, name in in_any_order)
        difference = None if first is None else _difference(first, standing, sign, paired, rng)
        first = standing if first is None else first
        contenders.append(_contender(name, repeats, standing, limit, longest, sign, difference))
    return StudyComparison(direction, known, within, budget, _checkpoints(checkpoints, longest), tuple(contenders))


def _named(
    studies: Mapping[str, Comparable | Sequence[Comparable]] | Sequence[Comparable],
) -> dict[str, list[Comparable]]:
    if isinstance(studies, Mapping):
        return {
            str(name): list(repeats) if isinstance(repeats, Sequence) else [repeats]
            for name, repeats in studies.items()
        }
    named: dict[str, list[Comparable]] = {}
    for study in studies:
        name, n = study.study_name, 2
        while name in named:  # of two storages, say
            name, n = f"{study.study_name} ({n})", n + 1
        named[name] = [study]
    return named


def _check(
    named: Mapping[str, Sequence[Comparable]], within: float, in_any_order: Collection[str], paired: bool
) -> StudyDirection:
    every = [study for repeats in named.values() for study in repeats]
    if not every or not all(named.values()):
        raise ValueError("A comparison needs at least one study, and one for each name.")
    for study in every:
        if len(study.directions) > 1:
            raise ValueError(
                f"A comparison follows the best value, but {study.study_name!r} has several objectives and so no best value."
            )
    if len({study.directions[0] for study in every}) > 1:
        raise ValueError("Studies that minimise cannot be compared with studies that maximise.")
    if not within >= 0:
        raise ValueError(f"within must be at least 0, but is {within!r}.")
    for name in in_any_order:
        if name not in named:
            raise ValueError(f"in_any_order names {name!r}, which is not compared; there are: {', '.join(named)}.")
    if paired and len({len(repeats) for repeats in named.values()}) > 1:
        raise ValueError("paired=True needs the same number of repeats for each name.")
    return every[0].directions[0]


def _read(study: Comparable) -> Run:
    study.sync()
    return run_of(study.view())


def _contender(
    name: str,
    runs: Sequence[Run],
    standing: _Standing,
    limit: float,
    n_max: int,
    sign: float,
    difference: Difference | None,
) -> Contender:
    measure = chance_in_any_order if standing.in_any_order else hits
    chance = np.mean([measure(run, limit, n_max) for run in runs], axis=0)
    arrived = np.flatnonzero(chance >= 0.5)
    bests = np.sort([run.best_after(run.n) for run in runs])
    q1, median, q3 = (_value(sign, loss) for loss in np.quantile(bests, [0.25, 0.5, 0.75], method="lower"))
    if np.isfinite(bests).all():
        q1, median, q3 = (_value(sign, loss) for loss in np.quantile(bests, [0.25, 0.5, 0.75]))
    return Contender(
        name=name,
        n_repeats=len(runs),
        n_trials=float(np.median([run.n for run in runs])),
        seconds=float(np.median([run.seconds for run in runs])),
        best=median,
        quartiles=(q1, q3),
        best_at_budget=tuple(_value(sign, loss) for loss in standing.losses),
        chance_within=chance,
        in_any_order=standing.in_any_order,
        trials_to_within=int(arrived[0]) + 1 if len(arrived) else None,
        difference=difference,
    )


def _value(sign: float, loss: float) -> float:
    """The objective value of a loss; NaN where there was none."""
    return float(sign * loss) if loss < np.inf else math.nan


@dataclass(frozen=True)
class _Standing:
    """How a contender stands with the budget that all have.

    Attributes:
        losses: (n_repeats,) the best losses.
        in_any_order: Whether these are means over all orders, which no luck is in.
    """

    losses: FloatArray
    in_any_order: bool

    @property
    def is_known_to_vary(self) -> bool:
        """Whether one knows how much luck is in them."""
        return self.in_any_order or len(self.losses) > 1

    def resampled_means(self, rng: np.random.Generator) -> FloatArray:
        """(n_resamples,) means as they might have been."""
        if self.in_any_order:
            return np.full(_N_RESAMPLES, self.losses.mean())
        return _resampled_means(self.losses, rng)


def _standing(runs: Sequence[Run], budget: int, in_any_order: bool) -> _Standing:
    best = [mean_best_in_any_order(run, budget) if in_any_order else run.best_after(budget) for run in runs]
    return _Standing(np.array(best), in_any_order)


def _difference(
    first: _Standing, other: _Standing, sign: float, paired: bool, rng: np.random.Generator
) -> Difference | None:
    if not (np.isfinite(first.losses).all() and np.isfinite(other.losses).all()):
        return None
    mean = float(sign * (other.losses.mean() - first.losses.mean()))
    if not (first.is_known_to_vary and other.is_known_to_vary):
        return Difference(mean, None, None, paired)
    if paired and len(first.losses) > 1:
        draws = _resampled_means(other.losses - first.losses, rng)
    else:
        draws = other.resampled_means(rng) - first.resampled_means(rng)
    low, high = np.quantile(draws, [0.025, 0.975])  # of losses: better is below 0
    ends = sorted((float(sign * low), float(sign * high)))
    return Difference(mean, (ends[0], ends[1]), bool(high < 0), paired)


def _resampled_means(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    """(n_resamples,) means of samples with replacement (Efron 1979, doi:10.1214/aos/1176344552)."""
    rows: NDArray[np.int64] = rng.integers(0, len(values), (_N_RESAMPLES, len(values)))
    means: FloatArray = values[rows].mean(axis=1)
    return means


def _checkpoints(asked: Sequence[int] | None, longest: int) -> tuple[int, ...]:
    if asked is not None:
        return tuple(sorted({int(n) for n in asked if n > 0}))
    usual = [n * 10**power for power in range(1, 7) for n in (1, 2.5, 5)]
    return (*(int(n) for n in usual if n < longest), *([longest] if longest else []))
