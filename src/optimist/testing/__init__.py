"""The contracts as suites: what every sampler, pruner and storage must keep, to be run by pytest on your own."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
