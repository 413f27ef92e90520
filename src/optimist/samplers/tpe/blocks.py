"""Uniform random numbers of trials, drawn for many trials at once: a generator costs more than what it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from optimist.numerics.streams import TrialStreams

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TRIALS_PER_BLOCK: Final = 32
_LANES_PER_PURPOSE: Final = 2**32
_MAX_KEPT: Final = 8


class UniformBlocks:
    """Long rows of uniform numbers, each belonging to a trial.

    Args:
        streams: What belongs to whom.
    """

    def __init__(self, streams: TrialStreams) -> None:
        self._streams = streams
        self._kept: dict[tuple[int, int], tuple[int, NDArray[Any]]] = {}  # (size, purpose) -> (block, its rows)

    def uniforms(self, number: int, size: int, purpose: int = 0) -> NDArray[np.float64]:
        """(size,) numbers in [0, 1) of trial ``number``; other sizes and purposes have other ones. Not to be changed."""
        block, row = divmod(number, _TRIALS_PER_BLOCK)
        kept = self._kept.get((size, purpose))
        if kept is None or kept[0] != block:
            lane = _LANES_PER_PURPOSE * (1 + purpose) + size
            rows = self._streams.generator(block, lane).random((_TRIALS_PER_BLOCK, size))
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            kept = self._kept[size, purpose] = block, rows
        uniforms: NDArray[np.float64] = kept[1][row]
        return uniforms
