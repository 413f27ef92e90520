"""PED-ANOVA: a parameter matters if the good trials favour other values of it than all trials do.

Sources: Watanabe, Bansal and Hutter 2023, PED-ANOVA: Efficiently quantifying hyperparameter importance in arbitrary
subspaces, IJCAI, arXiv:2304.10255; for parameters that not every trial has, or whose range changes, Conditional
PED-ANOVA: Hyperparameter importance in hierarchical and dynamic search spaces, arXiv:2601.20800.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.exceptions import warn_user
from optimist.history.protocols import StudyLike
from optimist.importance.base import Target, by_importance, check_params
from optimist.importance.cells import Regime, regimes
from optimist.importance.estimates import Resampled, ResamplingEvaluator
from optimist.importance.evidence import Evidence, gather, known_names
from optimist.importance.selection import best_mask
from optimist.numerics.fronts import ranked
from optimist.numerics.scott import pearson_divergence, smooth_choices, smooth_ordered
from optimist.states import StudyDirection

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
N_RESAMPLES: Final = 100
"""Bootstrap samples that tell how sure importances are."""
_N_LEAST: Final = 2  # trials that share a distribution; fewer say nothing, and are left out


class PedAnovaImportanceEvaluator(ResamplingEvaluator):
    """Judge parameters by how they separate the good trials from the rest; the default of Optuna and of ours.

    The densities of each parameter's values are compared between the trials within ``target_quantile`` and those within
    ``region_quantile``: their Pearson divergence is the share of variance, of being within the target, that the
    parameter alone explains. Fast, and on the question one has: what does it take to be good? Interactions between
    parameters are not seen. A parameter that a model-based sampler has settled early varies little, so that little of it
    can be seen.

    Parameters that only some trials have take part; so do parameters whose range changed, range by range.

    Several objectives: without a ``target`` the best trials are those of the first Pareto fronts, the last one thinned
    to those that keep the most hypervolume (by an estimate, where very many trials of three and more objectives are on
    it). With a ``target``, less of it is better: negate what is maximised.

    Cost: milliseconds for 10,000 trials of ten parameters.

    Args:
        target_quantile: The share of trials that counts as good, above 0 and below ``region_quantile``. At least five
            trials should be in it.
        region_quantile: The share of trials to compare with, up to 1.
        evaluate_on_local: Compare with the trials as they were sampled. False: compare with the whole search space,
            as if it had been sampled uniformly; then there is little left for ``region_quantile`` to do.

    Raises:
        ValueError: The quantiles are not ordered as they should.
    """

    def __init__(
        self, *, target_quantile: float = 0.1, region_quantile: float = 1.0, evaluate_on_local: bool = True
    ) -> None:
        if not 0.0 < target_quantile < region_quantile <= 1.0:
            raise ValueError(
                "PedAnovaImportanceEvaluator needs 0 < target_quantile < region_quantile <= 1, but got "
                f"target_quantile={target_quantile!r} and region_quantile={region_quantile!r}."
            )
        self._target_quantile = target_quantile
        self._region_quantile = region_quantile
        self._on_local = evaluate_on_local

    def evaluate(
        self, study: StudyLike, params: list[str] | None = None, *, target: Target | None = None
    ) -> dict[str, float]:
        return self._resample(study, params, target, None).values

    def resample(
        self, study: StudyLike, params: list[str] | None, target: Target | None, rng: np.random.Generator
    ) -> Resampled:
        return self._resample(study, params, target, rng)

    def _resample(
        self, study: StudyLike, params: list[str] | None, target: Target | None, rng: np.random.Generator | None
    ) -> Resampled:
        """Evaluate, and with ``rng`` evaluate bootstrap samples of the trials, too."""
        check_params(params)
        if target is not None and study.directions == [StudyDirection.MAXIMIZE]:
            warn_user(
                "PED-ANOVA takes low values of the target for good ones, but the study maximises. If high values are "
                "good, negate them in the target."
            )
        evidence = gather(study, target)
        names = known_names(study, params)
        n = len(evidence.rows)
        if n < 2:
            warn_user("Importances need two complete trials with finite values; all parameters get the same.")
            return Resampled(dict.fromkeys(names, 0.0), np.zeros((0, len(names))), 1.0)
        region, good = self._select(evidence.losses)
        if good.sum() == region.sum():
            warn_user(
                "The good trials are all there are to compare with, so all parameters get the same importance. "
                "Take more trials, or another target_quantile or region_quantile."
            )
        tables = self._tables(evidence, names)
        values = by_importance({name: self._importance(tables[name], region, good) for name in names})
        draws = np.zeros((0 if rng is None else N_RESAMPLES, len(values)))
        if rng is not None:
            losses = self._as_one(evidence.losses)
            for draw in draws:
                selected = self._select(losses, np.bincount(rng.integers(n, size=n), minlength=n))
                draw[:] = [self._importance(tables[name], *selected) for name in values]
        return Resampled(values, draws, 1.0)

    def _as_one(self, losses: FloatArray) -> FloatArray:
        """Put several losses into one, the order of merit, so that they need not be compared for every sample."""
        if losses.shape[1] == 1:
            return losses
        n = len(losses)
        share = self._target_quantile if self._region_quantile == 1.0 else self._region_quantile
        n_ranked = min(n, 2 * math.ceil(share * n))  # samples, too, find the best share among these
        return ranked(losses, n_ranked)[:, None].astype(np.float64)

    def _select(self, losses: FloatArray, times: IntArray | None = None) -> tuple[IntArray, IntArray]:
        """Return how often each trial (n,) counts in the region, and among the good ones.

        Args:
            losses: (n, n_losses).
            times: (n,) how often each trial occurs; None for once each.
        """
        drawn = np.arange(len(losses)) if times is None else np.repeat(np.arange(len(losses)), times)
        in_region = best_mask(losses[drawn], self._region_quantile)
        is_good = best_mask(losses[drawn], self._target_quantile) & in_region
        n = len(losses)
        return np.bincount(drawn[in_region], minlength=n), np.bincount(drawn[is_good], minlength=n)

    def _tables(self, evidence: Evidence, names: list[str]) -> dict[str, list[Regime]]:
        domains = evidence.domains()
        return {name: regimes(name, *domains.of(name), evidence.column(name)) for name in names}

    def _importance(self, table: list[Regime], region: IntArray, good: IntArray) -> float:
        """Sum (share of good)² / (share of region) × divergence over the regimes, scaled by (target / region)²."""
        n_region, n_good = region.sum(), good.sum()
        total = 0.0
        for regime in table:
            times_region, times_good = region[regime.trials], good[regime.trials]
            n_in, n_good_in = times_region.sum(), times_good.sum()
            if n_in >= _N_LEAST and regime.n_cells and n_good_in:
                share = (n_good_in / n_good) ** 2 / (n_in / n_region)
                total += share * self._divergence(regime, times_region, times_good)
        return float(total * (n_good / n_region) ** 2)

    def _divergence(self, regime: Regime, times_region: IntArray, times_good: IntArray) -> float:
        """Measure how far the density of good trials is from that of the region, within a regime."""
        smooth = smooth_ordered if regime.is_ordered else smooth_choices
        p = smooth(np.bincount(regime.cells, times_good, minlength=regime.n_cells))
        if not self._on_local:
            return pearson_divergence(p, np.full(regime.n_cells, 1.0 / regime.n_cells))
        return pearson_divergence(p, smooth(np.bincount(regime.cells, times_region, minlength=regime.n_cells)))
