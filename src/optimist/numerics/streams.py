"""Random numbers that belong to a trial: what trial k draws depends on the seed and on k, never on who asks.

Cheap uniform draws come in blocks that serve many trials at once, from the standard library. Whoever needs more gets a
generator of a counter-based kind (Philox; Salmon et al. 2011, doi:10.1145/2063384.2063405), which can start anywhere in
its sequence, so that each trial has a stretch of its own.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np  # loaded with the first generator: plain random search does without

DRAWS_PER_ROW: Final = 16
"""How many uniform numbers a trial gets in one row; more come from further rows."""

_TRIALS_PER_BLOCK: Final = 64
_TRIALS: Final = 1 << 40  # more than any study has


class TrialStreams:
    """The random streams of one seed.

    Args:
        seed: Any non-negative integer. None takes entropy from the operating system.

    Attributes:
        is_seeded: Whether a seed was given.
        seed: What was given.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.is_seeded = seed is not None
        self.seed = seed
        self._seed = random.SystemRandom().getrandbits(128) if seed is None else int(seed)
        self._key: Any = None
        self._blocks: dict[int, tuple[int, list[list[float]]]] = {}  # row -> (first trial, draws by trial)

    def name(self, purpose: str) -> str:
        """The seed of a further standard generator, for a purpose of the study as a whole."""
        return f"{self._seed}/{purpose}"  # a text is hashed with SHA-512

    def uniforms(self, number: int, row: int = 0) -> list[float]:
        """(DRAWS_PER_ROW,) numbers in [0, 1): the row-th stretch of trial ``number``. Not to be changed."""
        start = number - number % _TRIALS_PER_BLOCK
        block = self._blocks.get(row)
        if block is None or block[0] != start:
            draw = random.Random(self.name(f"{start}/{row}")).random
            block = (start, [[draw() for _ in range(DRAWS_PER_ROW)] for _ in range(_TRIALS_PER_BLOCK)])
            self._blocks[row] = block
        return block[1][number - start]

    def uniform(self, number: int, ordinal: int) -> float:
        """The ordinal-th uniform number of a trial, in [0, 1)."""
        return self.uniforms(number, ordinal // DRAWS_PER_ROW)[ordinal % DRAWS_PER_ROW]

    def generator(self, number: int, lane: int = 0) -> np.random.Generator:
        """A generator of the trial's own.

        Args:
            number: The trial.
            lane: Distinguishes several generators of one trial, such as one per parameter.
        """
        import numpy as np

        if self._key is None:
            self._key = np.random.SeedSequence(self._seed).generate_state(2, np.uint64)
        counter = np.array([0, number, lane, 0], np.uint64)
        return np.random.Generator(np.random.Philox(counter=counter, key=self._key))


def number_again(number: int, attempt: int) -> int:
    """What stands for a trial's number when it is proposed once more: its streams are others, and belong to nobody else."""
    return number + attempt * _TRIALS


def real_number(number: int) -> int:
    """The trial's own number."""
    return number % _TRIALS
