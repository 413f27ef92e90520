"""``python -m optimist`` is the command ``optimist``."""

from __future__ import annotations

import sys

from optimist.cli import main

if __name__ == "__main__":
    sys.exit(main())
