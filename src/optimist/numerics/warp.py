"""Warp: inputs bent one by one, by curves that are fitted with the rest of the kernel.

A kernel takes differences of the same size for equally important wherever they are. A range that was badly chosen (without
its logarithm, or much too wide) is not like that: all that matters happens in a corner of it. Kumaraswamy's distribution
function stretches the one part and presses the other together.

    w(x) = 1 - (1 - t^a)^b,    t = m + (1 - 2 m) x    a, b above 0; a = b = 1 leaves (nearly) all as it is

The margin m keeps slopes finite at both ends of the range.

Source: Snoek, Swersky, Zemel and Adams 2014, "Input warping for Bayesian optimization of non-stationary functions",
arXiv:1402.0929; with Kumaraswamy's function in the place of the beta distribution's, as in Cowen-Rivers et al. 2022 (HEBO),
doi:10.1613/jair.1.13643.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_MARGIN: Final = 0.01


@dataclass(frozen=True, eq=False)
class Warp:
    """How some columns of points are bent.

    Attributes:
        columns: (w,) which columns; their values lie in [0, 1].
        log_a, log_b: (w,) natural logarithms of the two exponents of each.
    """

    columns: IntArray
    log_a: FloatArray
    log_b: FloatArray

    def bent(self, x: FloatArray) -> FloatArray:
        """Return points (n, f) with their columns bent; [0, 1] stays [0, 1]."""
        return self.bent_and_slopes(x)[0]

    def bent_and_slopes(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what ``bent`` does, and (n, f) by how much each bent column moves with its own value; 1 for the others."""
        log_t = _inner_log(x[:, self.columns])
        log_rest, a_log_t = self._log_rest(log_t)
        b_log_rest = np.exp(self.log_b) * log_rest
        bent, slopes = x.copy(), np.ones_like(x)
        bent[:, self.columns] = -np.expm1(b_log_rest)
        slopes[:, self.columns] = (1.0 - 2.0 * _MARGIN) * np.exp(
            self.log_a + self.log_b + b_log_rest - log_rest + a_log_t - log_t
        )
        return bent, slopes

    def slopes_by_exponents(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (n, w) slopes of the bent columns by ``log_a`` and by ``log_b``."""
        log_rest, a_log_t = self._log_rest(_inner_log(x[:, self.columns]))
        b = np.exp(self.log_b)
        by_a = b * np.exp((b - 1.0) * log_rest + a_log_t) * a_log_t
        by_b = -b * log_rest * np.exp(b * log_rest)
        return by_a, by_b

    def _log_rest(self, log_t: FloatArray) -> tuple[FloatArray, FloatArray]:
        """log(1 - t^a), and log t^a."""
        a_log_t = np.exp(self.log_a) * log_t
        log_rest: FloatArray = np.log(-np.expm1(a_log_t))
        return log_rest, a_log_t


def _inner_log(x: FloatArray) -> FloatArray:
    log_t: FloatArray = np.log(_MARGIN + (1.0 - 2.0 * _MARGIN) * x)
    return log_t
