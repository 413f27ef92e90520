"""An urn of whole numbers: members are drawn, removed and put back in constant time, however many there are.

It is an array of its members in which the last one takes the place of one that goes (as in the shuffle of Fisher and
Yates). Places that still hold their own number are not written down, so that an urn of 10**30 numbers costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class Urn:
    """A set of whole numbers with places 0, 1, ... ``len - 1``.

    Which number has which place depends only on what was removed and added, in which order.

    Args:
        n: It holds 0, 1, ... ``n - 1`` at first; there is no limit to n.

    Attributes:
        n_left: The number of members; ``len()`` would not do, for it ends at 2**63.
    """

    __slots__ = ("_number_at", "_place_of", "n_left")

    def __init__(self, n: int = 0) -> None:
        self.n_left = n
        self._number_at: dict[int, int] = {}  # where it is not the place itself
        self._place_of: dict[int, int] = {}

    def __contains__(self, number: int) -> bool:
        place = self._place_of.get(number, number)
        return 0 <= place < self.n_left and self._number_at.get(place, place) == number

    def __iter__(self) -> Iterator[int]:
        """The members in order of their places."""
        at = self._number_at
        return (at.get(place, place) for place in range(self.n_left))

    def at(self, place: int) -> int:
        """The member at a place from 0 to ``n_left - 1``."""
        return self._number_at.get(place, place)

    def discard(self, number: int) -> None:
        """Remove a member; nothing happens if it is none."""
        if number not in self:
            return
        place = self._place_of.pop(number, number)
        last = self.n_left - 1
        moved = self._number_at.pop(last, last)
        self.n_left = last
        if place != last:
            self._put(moved, place)

    def add(self, number: int) -> None:
        """Put a number in; nothing happens if it is in already."""
        if number not in self:
            self._put(number, self.n_left)
            self.n_left += 1

    def _put(self, number: int, place: int) -> None:
        if number == place:
            self._number_at.pop(place, None)
            self._place_of.pop(number, None)
        else:
            self._number_at[place] = number
            self._place_of[number] = place

    def draw(self, rng: np.random.Generator, size: int) -> list[int]:
        """Draw with replacement: ``size`` members, each with the same probability; none from an empty urn."""
        if self.n_left == 0:
            return []
        if self.n_left < 2**62:
            places: list[int] = rng.integers(self.n_left, size=size).tolist()
        else:
            places = [_integer_below(rng, self.n_left) for _ in range(size)]
        return [self.at(place) for place in places]


def _integer_below(rng: np.random.Generator, n: int) -> int:
    """A whole number from 0 to n - 1, from 64 bits more than n has: uniform to one part in 2**64."""
    return int.from_bytes(rng.bytes(n.bit_length() // 8 + 9), "little") % n
