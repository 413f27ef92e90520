"""Temporary folders that go with the object that they were made for."""

from __future__ import annotations

import weakref
from pathlib import Path


def make_folder_for(owner: object) -> Path:
    """Make a temporary folder that is removed with its owner, at the latest at the end of the program."""
    # Longer to load than a study in memory takes to run, and seldom needed.
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix="optimist-")
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
