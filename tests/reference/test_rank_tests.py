"""The signed-rank test against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wilcoxon

from optimist.numerics.rank_tests import signed_rank_p_value


@pytest.mark.parametrize("n", [2, 3, 5, 8, 9, 14, 30, 50, 51, 200])
@pytest.mark.parametrize("spacing", [0.0, 0.1, 0.5, 1.0])
def test_p_values_are_those_of_scipy(n: int, spacing: float) -> None:
    rng = np.random.default_rng([n, int(10 * spacing)])
    for shift in (-0.3, 0.0, 0.5, 1.0):
        differences = rng.normal(shift, 1, n)
        if spacing:
            differences = np.round(differences / spacing) * spacing
            differences[0] = 0.0
        expected = wilcoxon(differences, alternative="greater", zero_method="zsplit").pvalue
        assert signed_rank_p_value(differences.tolist()) == expected


def test_thirteen_right_or_wrong() -> None:
    differences = [1.0] * 6 + [0.0] * 4 + [-1.0] * 3
    expected = wilcoxon(differences, alternative="greater", zero_method="zsplit").pvalue
    assert signed_rank_p_value(differences) == expected


def test_nothing_but_zeros() -> None:
    assert signed_rank_p_value([0.0, 0.0, 0.0]) == 1.0
