"""Ids of trials that follow from study and number, so that nothing needs to be kept or looked up."""

from __future__ import annotations

from typing import Final

NUMBER_BITS: Final = 32


def trial_id_of(study_id: int, number: int) -> int:
    """The id of a trial."""
    return study_id << NUMBER_BITS | number


def study_and_number_of(trial_id: int) -> tuple[int, int]:
    """What ``trial_id_of`` made the id of."""
    return trial_id >> NUMBER_BITS, trial_id & ((1 << NUMBER_BITS) - 1)
