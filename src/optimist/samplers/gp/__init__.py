"""Bayesian optimization with Gaussian processes."""

from optimist.samplers.gp.sampler import GPSampler

__all__ = ["GPSampler"]
