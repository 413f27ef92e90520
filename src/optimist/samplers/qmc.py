"""Quasi-random search: points that fill the space more evenly than random ones."""

from __future__ import annotations

import threading
import warnings
import zlib
from typing import TYPE_CHECKING, Any, Final

from optimist.distributions import BaseDistribution
from optimist.history.protocols import TrialLike
from optimist.samplers.base import BaseSampler, ColumnSampler
from optimist.search_space.quantile import quantile_function

if TYPE_CHECKING:
    from scipy.stats.qmc import QMCEngine

N_DIMENSIONS: Final = 64
"""So many parameters of a trial get coordinates of the sequence."""
_BLOCK: Final = 64  # points made at a time; a power of two, so that a block of Sobol's sequence is balanced
_TYPES: Final = ("sobol", "halton")


class QMCSampler(ColumnSampler):
    """Sample from a sequence of low discrepancy: trial k gets point k, its i-th parameter coordinate i of that point.

    So a trial's values depend on nothing but the seed and the trial's number: neither on other trials nor on who runs
    it, and workers that share a study share the sequence. Categorical and conditional parameters take part. See Bergstra
    and Bengio, "Random search for hyper-parameter optimization" (2012); the sequences are SciPy's.

    Sobol's sequence is most even after a power of two of trials.

    Args:
        qmc_type: "sobol" or "halton".
        scramble: Randomise the sequence, which keeps its evenness and avoids the borders of ranges. Unscrambled, the first
            point is the lower end of each range.
        seed: Of the scrambling. None: it follows from the study's name, so that all workers scramble alike.
        independent_sampler: Taken for compatibility: there is nothing left for it to do.
        warn_asynchronous_seeding: Taken for compatibility: there is nothing to warn of.
        warn_independent_sampling: Whether to warn when a trial has more than 64 parameters.

    Raises:
        ValueError: ``qmc_type`` is neither of the two.
    """

    def __init__(
        self,
        *,
        qmc_type: str = "sobol",
        scramble: bool = False,
        seed: int | None = None,
        independent_sampler: BaseSampler | None = None,
        warn_asynchronous_seeding: bool = True,
        warn_independent_sampling: bool = True,
    ) -> None:
        if qmc_type not in _TYPES:
            raise ValueError(f'QMCSampler needs qmc_type="sobol" or "halton", but got {qmc_type!r}.')
        super().__init__(seed)
        self._qmc_type = qmc_type
        self._scramble = scramble
        self._seed = seed
        self._warns = warn_independent_sampling
        self._points: Points | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_points": None}

    @property
    def is_seeded(self) -> bool:
        return self._seed is not None or not self._scramble

    @property
    def reads_history(self) -> bool:
        return False

    def uniforms(self, trial: TrialLike) -> list[float] | None:
        key = 0
        if self._scramble:
            key = zlib.crc32(trial.study.study_name.encode()) if self._seed is None else self._seed
        points = self._points
        if points is None or points.key != key:
            points = self._points = Points(self._qmc_type, self._scramble, key)
        return points.point(trial.number)

    def uniform(self, trial: TrialLike, ordinal: int) -> float:
        if ordinal < N_DIMENSIONS:
            uniforms = self.uniforms(trial)
            assert uniforms is not None
            return uniforms[ordinal]
        if self._warns:
            self._warns = False
            warnings.warn(
                f"Trial {trial.number} has more than {N_DIMENSIONS} parameters; the later ones are sampled at random.",
                stacklevel=2,
            )
        return self.streams.uniform(trial.number, ordinal)

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        return quantile_function(distribution)(self.uniform(trial, trial.n_suggested))


class Points:
    """A sequence of points in the unit cube.

    Args:
        qmc_type: "sobol" or "halton".
        scramble: Whether it is randomised.
        key: Of the randomisation.
    """

    def __init__(self, qmc_type: str, scramble: bool, key: int) -> None:
        self.key = key
        self._qmc_type, self._scramble = qmc_type, scramble
        self._engine: QMCEngine | None = None
        self._next = 0  # the block that the engine makes next
        self._block: tuple[int, list[list[float]]] = (-1, [])
        self._lock = threading.Lock()

    def point(self, i: int) -> list[float]:
        """The coordinates of point i. Not to be changed."""
        number, place = divmod(i, _BLOCK)
        with self._lock:
            if self._block[0] != number:
                self._block = (number, self._make(number))
            return self._block[1][place]

    def _make(self, block: int) -> list[list[float]]:
        engine = self._engine
        if engine is None or block < self._next:
            from scipy.stats import qmc  # loads slowly

            kind = qmc.Sobol if self._qmc_type == "sobol" else qmc.Halton
            engine = self._engine = kind(N_DIMENSIONS, scramble=self._scramble, rng=self.key)
            self._next = 0
        if block > self._next:
            engine.fast_forward((block - self._next) * _BLOCK)
        self._next = block + 1
        # Rounded to 1.0, a coordinate would be no quantile.
        return [[min(u, 1.0 - 2.0**-53) for u in row] for row in engine.random(_BLOCK).tolist()]
