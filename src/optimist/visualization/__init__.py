"""Pictures of studies, in plotly; the same in Matplotlib is `optimist.visualization.matplotlib`.

A figure is data first (`data/`, frozen records of arrays), which a renderer then draws.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
