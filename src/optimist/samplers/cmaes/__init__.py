"""CMA-ES: a normal distribution that adapts its covariance to the objective."""

from optimist.samplers.cmaes.sampler import CmaEsSampler as CmaEsSampler
