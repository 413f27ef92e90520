"""The default: a sampler that chooses among samplers."""

from optimist.samplers.auto.sampler import AutoSampler

__all__ = ["AutoSampler"]
