"""The tree-structured Parzen estimator: compare where good trials lie with where the others lie."""

from optimist.samplers.tpe.sampler import TPESampler

__all__ = ["TPESampler"]
