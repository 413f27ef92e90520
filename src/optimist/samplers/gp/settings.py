"""What a Gaussian-process sampler can be set to; the sampler's arguments and measured defaults in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from optimist.numerics.marginal_likelihood import Priors


@dataclass(frozen=True)
class Settings:
    """Of the model and of the search for the best proposal.

    Attributes:
        priors: Of the kernel's hyperparameters.
        tail: See ``numerics.standardise``.
        max_points: The kernel is fitted on at most so many trials.
        n_before_warp: The ranges of numbers may be bent once the kernel is fitted on so many trials.
        n_before_shear: And mixed with each other from so many trials on.
        max_warped: Either if there are no more parameters than that.
        n_spread: Quasi-random candidates.
        n_near: Candidates around the best trials.
        n_incumbents: How many best trials these surround.
        n_starts: How many candidates a search by gradients begins from.
        n_evaluations: Of the acquisition function in such a search, at most.
        bold_share: So many trials ask for a real improvement where the search stands still.
        beyond_share: So many trials look beyond the ends of a front of three objectives; the others fill it.
    """

    priors: Priors = field(default_factory=Priors)
    tail: float = 8.0
    max_points: int = 224
    n_before_warp: int = 10
    n_before_shear: int = 20
    max_warped: int = 12
    n_spread: int = 256
    n_near: int = 192
    n_incumbents: int = 4
    n_starts: int = 6
    n_evaluations: int = 30
    bold_share: float = 0.5
    beyond_share: float = 0.25
