"""Evolutionary samplers: generations of trials, each bred from the best of those before."""

from optimist.samplers.evolution.base import BaseGASampler as BaseGASampler
from optimist.samplers.evolution.nsgaii import NSGAIISampler as NSGAIISampler
from optimist.samplers.evolution.nsgaiii import NSGAIIISampler as NSGAIIISampler
