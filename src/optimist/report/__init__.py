"""What a study leaves behind: a report to read, and its trials as a table for other programs."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
