"""The same figures in Matplotlib, for papers and for places without a browser.

Each plot returns the `Axes` it drew, or an array of them where there are several.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
