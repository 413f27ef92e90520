"""How work runs: serially, in threads, in crews of processes, as copies of a script, on executors of other libraries.

It is handed a callable and knows no study.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
