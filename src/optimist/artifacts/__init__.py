"""Artifacts: files that belong to trials or studies, such as trained models and pictures."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
