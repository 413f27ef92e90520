"""Who goes along with the loop of a study: asked before each trial begins, told when one begins and ends."""

from __future__ import annotations

from collections.abc import Sequence

from optimist.states import TrialState


class Escort:
    """Nobody: the loop is on its own. Others override what they care for; calls may come from several threads.

    Attributes:
        may_overlap: Whether ``may_begin`` may be asked for the next trial before the last one has ended.
        handles_term: Whether the loop hands its trials back on SIGTERM; else the signal does what it does by default.
    """

    may_overlap = True
    handles_term = True

    def may_begin(self) -> bool:
        """Whether one more trial may begin; may take its time to answer."""
        return True

    def begun(self, number: int) -> None:
        """A trial was begun; nothing of it was proposed yet."""

    def stopped(self) -> None:
        """The objective, or a callback, said that no further trial shall begin."""

    def dropped(self, number: int) -> None:
        """A trial that was begun is not run, for there was nothing left to try."""

    def ended(self, number: int, state: TrialState, values: Sequence[float] | None, *, is_fatal: bool) -> None:
        """A trial ended.

        Args:
            number: Which one.
            state: How.
            values: One per objective; None if there are none.
            is_fatal: Whether what it raised ends the loop.
        """
