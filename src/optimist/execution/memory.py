"""How much memory a process and its children take, and how users write such numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY_UNITS: Final = {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_TEXT = re.compile(r"\s*(?P<number>\d+(\.\d+)?)\s*(?P<unit>[a-z]*?)b?\s*", re.IGNORECASE)


def parse_bytes(text: float | str) -> int:
    """Read a number of bytes: 2e9, "2GB", "500 MiB".

    Raises:
        ValueError: It is no positive number of bytes.
    """
    units = _UNITS | _BINARY_UNITS
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if found is not None and found["unit"].lower() in units:
        n_bytes = int(float(found["number"]) * units[found["unit"].lower()])
    elif not isinstance(text, str):
        n_bytes = int(text)
    else:
        n_bytes = 0
    if n_bytes <= 0:
        raise ValueError(f"A size is a positive number of bytes such as 2e9, or text such as '2GB', but got {text!r}.")
    return n_bytes


def show_bytes(n_bytes: float) -> str:
    """Write a number of bytes for people, with the unit that fits."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.3g} {unit}"
    return f"{n_bytes:.0f} bytes"


def can_measure() -> bool:
    """Whether this operating system tells how much memory other processes take."""
    return (_PROC / "self" / "status").exists()


def resident_bytes(pid: int) -> int:
    """The memory that a process and all its descendants hold now; 0 once it has ended."""
    return sum(_resident_bytes(each) for each in _family(pid))


def _family(pid: int) -> list[int]:
    pids = [pid]
    for parent in pids:  # grows while we go
        for children in (_PROC / str(parent) / "task").glob("*/children"):
            pids += [int(child) for child in _read(children).split()]
    return pids


def _resident_bytes(pid: int) -> int:
    for line in _read(_PROC / str(pid) / "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # it has ended meanwhile
