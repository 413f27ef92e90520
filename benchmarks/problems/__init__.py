"""Problems for samplers: four families, half of each to develop on and half to be measured on.

The halves were fixed before any sampler was tuned on them: what had been used earlier went to the development half. Of real
models there are more to measure on than to develop on: the later and the further ones came when all samplers were done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from problems import large, learning, learning_further, learning_later, mixed
from problems.blackbox import bbob
from problems.spaces import Space, suggest

Half = Literal["dev", "test"]


@dataclass(frozen=True)
class Problem:
    """A loss to minimise.

    Attributes:
        family: Of what kind it is.
        half: Whether one may look at it while one tunes.
        n_trials: The full budget.
        space: Its parameters.
        loss: Of the values of those parameters that a trial has.
        is_regret: Whether the least loss is known to be 0; then the logarithm counts.
    """

    family: str
    half: Half
    n_trials: int
    space: Space
    loss: Callable[[Mapping[str, Any]], float]
    is_regret: bool = False

    def objective(self, trial: Any) -> float:
        """The loss of what a trial suggests, as Optuna knows trials."""
        return self.loss(suggest(trial, self.space))


def _bbob(half: Half, n_trials: int, number: int, dimension: int, instance: int) -> dict[str, Problem]:
    family = "bbob" if dimension == 5 else "large"
    problem = Problem(family, half, n_trials, *bbob(number, dimension, instance), is_regret=True)
    return {f"f{number}-{dimension}d": problem}


PROBLEMS: dict[str, Problem] = {
    # BBOB in five dimensions
    **_bbob("dev", 100, 2, 5, 3),
    **_bbob("dev", 100, 6, 5, 3),
    **_bbob("dev", 100, 8, 5, 3),
    **_bbob("dev", 100, 13, 5, 3),
    **_bbob("dev", 100, 16, 5, 3),
    **_bbob("dev", 100, 21, 5, 3),
    **_bbob("test", 100, 3, 5, 4),
    **_bbob("test", 100, 5, 5, 4),
    **_bbob("test", 100, 10, 5, 4),
    **_bbob("test", 100, 12, 5, 4),
    **_bbob("test", 100, 17, 5, 4),
    **_bbob("test", 100, 22, 5, 4),
    # Mixed and tree-structured
    "network": Problem("mixed", "dev", 100, mixed.NETWORK, mixed.network),
    "counts": Problem("mixed", "dev", 100, mixed.COUNTS, mixed.counts),
    "choices": Problem("mixed", "dev", 100, mixed.CHOICES, mixed.choices),
    "schedule": Problem("mixed", "dev", 80, mixed.SCHEDULE, mixed.schedule),
    "pipeline": Problem("mixed", "dev", 80, mixed.PIPELINE, mixed.pipeline),
    "layers": Problem("mixed", "dev", 120, mixed.LAYERS, mixed.layers),
    "turned": Problem("mixed", "test", 100, mixed.TURNED, mixed.turned),
    "lattice": Problem("mixed", "test", 120, mixed.LATTICE, mixed.lattice),
    "regularised": Problem("mixed", "test", 80, mixed.REGULARISED, mixed.regularised),
    "optimisers": Problem("mixed", "test", 80, mixed.OPTIMISERS, mixed.optimisers),
    "ensemble": Problem("mixed", "test", 100, mixed.ENSEMBLE, mixed.ensemble),
    "stages": Problem("mixed", "test", 120, mixed.STAGES, mixed.stages),
    # Real models
    "svm": Problem("learning", "dev", 60, learning.SVM, learning.svm),
    "forest": Problem("learning", "dev", 60, learning.FOREST, learning.forest),
    "neighbors": Problem("learning", "dev", 60, learning.NEIGHBORS, learning.neighbors),
    "logistic": Problem("learning", "dev", 60, learning.LOGISTIC, learning.logistic),
    "process": Problem("learning", "dev", 60, learning.PROCESS, learning.process),
    "boosting": Problem("learning", "test", 60, learning.BOOSTING, learning.boosting),
    "perceptron": Problem("learning", "test", 60, learning.PERCEPTRON, learning.perceptron),
    "elastic": Problem("learning", "test", 60, learning.ELASTIC, learning.elastic),
    "descent": Problem("learning", "test", 80, learning.DESCENT, learning.descent),
    "any-model": Problem("learning", "test", 80, learning.ANY_MODEL, learning.any_model),
    "discriminant": Problem("learning", "test", 80, learning_later.DISCRIMINANT, learning_later.discriminant),
    "nu-svm": Problem("learning", "test", 80, learning_later.NU_SVM, learning_later.nu_svm),
    "histograms": Problem("learning", "test", 60, learning_later.HISTOGRAMS, learning_later.histograms),
    "bagging": Problem("learning", "test", 80, learning_later.BAGGING, learning_later.bagging),
    "deep-perceptron": Problem("learning", "test", 80, learning_later.DEEP_PERCEPTRON, learning_later.deep_perceptron),
    "kernel-components": Problem(
        "learning", "test", 80, learning_later.KERNEL_COMPONENTS, learning_later.kernel_components
    ),
    "splines": Problem("learning", "test", 60, learning_later.SPLINES, learning_later.splines),
    "anomalies": Problem("learning", "test", 80, learning_later.ANOMALIES, learning_later.anomalies),
    "mixture": Problem("learning", "test", 60, learning_later.MIXTURE, learning_later.mixture),
    "spreading": Problem("learning", "test", 80, learning_later.SPREADING, learning_later.spreading),
    "voting": Problem("learning", "test", 60, learning_later.VOTING, learning_later.voting),
    "binned-svm": Problem("learning", "test", 60, learning_later.BINNED_SVM, learning_later.binned_svm),
    "svc": Problem("learning", "test", 60, learning_further.SVC, learning_further.svc),
    "small-network": Problem("learning", "test", 60, learning_further.SMALL_NETWORK, learning_further.small_network),
    "regressing-neighbors": Problem(
        "learning", "test", 60, learning_further.REGRESSING_NEIGHBORS, learning_further.regressing_neighbors
    ),
    "tree": Problem("learning", "test", 60, learning_further.TREE, learning_further.tree),
    "kernel-ridge": Problem("learning", "test", 60, learning_further.KERNEL_RIDGE, learning_further.kernel_ridge),
    "selected-bayes": Problem("learning", "test", 60, learning_further.SELECTED_BAYES, learning_further.selected_bayes),
    "linear": Problem("learning", "test", 60, learning_further.LINEAR, learning_further.linear),
    "adaboost": Problem("learning", "test", 60, learning_further.ADABOOST, learning_further.adaboost),
    "random-features": Problem(
        "learning", "test", 60, learning_further.RANDOM_FEATURES, learning_further.random_features
    ),
    "multinomial": Problem("learning", "test", 60, learning_further.MULTINOMIAL, learning_further.multinomial),
    "regressing-forest": Problem(
        "learning", "test", 60, learning_further.REGRESSING_FOREST, learning_further.regressing_forest
    ),
    "raised-pixels": Problem("learning", "test", 60, learning_further.RAISED_PIXELS, learning_further.raised_pixels),
    # Twenty and forty parameters
    **_bbob("dev", 200, 8, 20, 5),
    **_bbob("dev", 200, 2, 40, 5),
    "additive-20d": Problem("large", "dev", 150, *large.additive(20, 1), is_regret=True),
    "deep": Problem("large", "dev", 150, large.DEEP, large.deep),
    **_bbob("test", 200, 14, 20, 6),
    **_bbob("test", 200, 1, 40, 6),
    "hidden-20d": Problem("large", "test", 150, *large.hidden(20, 4, 2), is_regret=True),
    "control": Problem("large", "test", 150, large.CONTROL, large.control),
}
