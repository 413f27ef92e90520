"""Optimist finds the best hyperparameters with the least computation and keeps its user informed.

Nothing heavy is loaded before it is used: importing this package loads neither numpy nor any database library.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
