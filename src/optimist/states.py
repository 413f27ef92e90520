"""The states of a trial and the directions of an objective, with the numbers that stores keep."""

from __future__ import annotations

import enum


class TrialState(enum.IntEnum):
    """Where a trial stands.

    ``WAITING`` (queued, nobody works on it) leads to ``RUNNING``, which leads to exactly one of the finished states
    ``COMPLETE`` (it has a value), ``PRUNED`` (stopped early) and ``FAIL`` (it broke). A finished state is final.
    """

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAIL = 3
    WAITING = 4

    __str__ = enum.Enum.__str__  # "TrialState.COMPLETE" in messages, not "1"

    def is_finished(self) -> bool:
        """Tell whether the state is final: COMPLETE, PRUNED or FAIL."""
        return self is not TrialState.RUNNING and self is not TrialState.WAITING


class StudyDirection(enum.IntEnum):
    """Which values of an objective are better: smaller or larger ones."""

    NOT_SET = 0
    MINIMIZE = 1
    MAXIMIZE = 2
