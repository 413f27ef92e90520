"""Comparison of studies, or of samplers by repeated studies: the best value so far, by trials and by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from optimist.states import StudyDirection
from optimist.study.study import Study
from optimist.visualization.data.axes import Axis, value_axis
from optimist.visualization.data.objective import DEFAULT_NAME, as_studies
from optimist.visualization.data.points import Heading, explain_nothing
from optimist.visualization.data.trials import FloatArray, Trials, read_trials

_N_TIMES: Final = 300


@dataclass(frozen=True)
class Progress:
    """The best value so far over the repeats of a group.

    Attributes:
        x: (k,) number of trials, or seconds since the first one began; ascending. It starts where all repeats have a
            value, and ends with the longest one: a repeat that ended earlier stays at its last value.
        median: (k,) over the repeats.
        low, high: (k,) first and third quartile.
    """

    x: FloatArray
    median: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Group:
    """One line of the figure.

    Attributes:
        name: What the legend calls it.
        n_repeats: How many studies it stands for.
        by_trials: Against the number of trials that are no longer waiting, in order of their numbers.
        by_seconds: Against the time since the first trial began.
    """

    name: str
    n_repeats: int
    by_trials: Progress
    by_seconds: Progress


@dataclass(frozen=True)
class Comparison:
    """The figure.

    Attributes:
        heading: What stands above it.
        value: The axis of values.
        groups: Those with a value.
    """

    heading: Heading
    value: Axis
    groups: tuple[Group, ...]


def comparison(
    studies: Study | Sequence[Study] | Mapping[str, Study | Sequence[Study]], target_name: str
) -> Comparison:
    """Follow the best value of each group of studies.

    Args:
        studies: Studies, each for itself under its name; or one study or several repeats for each name.
        target_name: What the values are; a metric name of the first study stands in for the default.

    Raises:
        ValueError: A study has several objectives, or some minimise and others maximise.
    """
    named = _named(studies)
    tables = {name: [read_trials(study) for study in repeats] for name, repeats in named.items()}
    everything = [trials for repeats in tables.values() for trials in repeats]
    title = "Comparison"
    if not everything:
        return Comparison(Heading(title, message="There are no studies."), value_axis("", np.empty(0), None), ())
    if any(len(trials.directions) > 1 for trials in everything):
        raise ValueError(
            "A comparison follows the best value, but a study has several objectives and so no best value."
        )
    if len({trials.directions for trials in everything}) > 1:
        raise ValueError("Studies that minimise cannot be compared with studies that maximise.")
    is_minimized = everything[0].directions[0] != StudyDirection.MAXIMIZE
    if target_name == DEFAULT_NAME and everything[0].metric_names is not None:
        target_name = everything[0].metric_names[0]
    groups = tuple(_group(name, repeats, is_minimized) for name, repeats in tables.items() if repeats)
    groups = tuple(group for group in groups if len(group.by_trials.x))
    drawn = [band for g in groups for p in (g.by_trials, g.by_seconds) for band in (p.median, p.low, p.high)]
    values = np.concatenate(drawn) if drawn else np.empty(0)
    message = "" if groups else explain_nothing(everything[0])
    has_repeats = any(group.n_repeats > 1 for group in groups)
    subtitle = "median and middle half of the repeats" if has_repeats else "best value so far"
    return Comparison(
        Heading(title, subtitle if groups else "", message),
        value_axis(f"Best {target_name}", values, is_minimized),
        groups,
    )


def _named(studies: Study | Sequence[Study] | Mapping[str, Study | Sequence[Study]]) -> dict[str, list[Study]]:
    if isinstance(studies, Mapping):
        return {str(name): as_studies(repeats) for name, repeats in studies.items()}
    named: dict[str, list[Study]] = {}
    for study in as_studies(studies):
        name, n = study.study_name, 2
        while name in named:  # of two storages, say
            name, n = f"{study.study_name} ({n})", n + 1
        named[name] = [study]
    return named


def _group(name: str, repeats: Sequence[Trials], is_minimized: bool) -> Group:
    sign = 1.0 if is_minimized else -1.0
    by_trials, by_seconds = [], []
    for trials in repeats:
        good = trials.is_complete & trials.is_feasible & ~np.isnan(trials.values[:, 0])
        losses = np.where(good, sign * trials.values[:, 0], np.inf)
        by_trials.append((np.arange(1.0, trials.n + 1), np.minimum.accumulate(losses)))
        began = trials.started_us[trials.started_us >= 0]
        ended = np.flatnonzero(good & (trials.completed_us >= 0))
        ended = ended[np.argsort(trials.completed_us[ended], kind="stable")]
        seconds = (trials.completed_us[ended] - (began.min() if len(began) else 0)) / 1e6
        by_seconds.append((seconds, np.minimum.accumulate(losses[ended])))
    longest = max(len(x) for x, _ in by_trials)
    end_s = max((float(x[-1]) for x, _ in by_seconds if len(x)), default=0.0)
    times = np.unique(np.concatenate([np.linspace(0.0, end_s, _N_TIMES), *(x for x, _ in by_seconds)]))
    if len(times) > 4 * _N_TIMES:
        times = np.linspace(0.0, end_s, 4 * _N_TIMES)
    return Group(
        name,
        len(repeats),
        _progress(by_trials, np.arange(1.0, longest + 1), sign),
        _progress(by_seconds, times, sign),
    )


def _progress(runs: Sequence[tuple[FloatArray, FloatArray]], x: FloatArray, sign: float) -> Progress:
    """Median and quartiles of step functions at the places x; where one has no value yet, nothing."""
    losses = np.full((len(runs), len(x)), np.inf)
    for row, (places, best) in enumerate(runs):
        steps = np.searchsorted(places, x, "right") - 1
        has = steps >= 0
        losses[row, has] = best[steps[has]]
    known = np.isfinite(losses).all(axis=0)
    if not known.any():
        empty = np.empty(0)
        return Progress(empty, empty, empty, empty)
    median, first, third = np.quantile(losses[:, known], [0.5, 0.25, 0.75], axis=0)
    low, high = (first, third) if sign > 0 else (-third, -first)
    return Progress(x[known], sign * median, low, high)
