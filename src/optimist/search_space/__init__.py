"""Search spaces: parameters by name, what trials have in common, and their map to the unit cube.

Names load when they are first used; `Encoding` is the only one that needs numpy.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
