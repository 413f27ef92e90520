"""Sizes in words, and the memory of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from optimist.execution.memory import can_measure, parse_bytes, resident_bytes, show_bytes


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [
        (1024, 1024),
        (2e9, 2 * 10**9),
        ("2GB", 2 * 10**9),
        ("1.5 GiB", 3 * 2**29),
        ("500 m", 5 * 10**8),
        ("7", 7),
        (" 3kb ", 3000),
    ],
)
def test_sizes(text: float | str, n_bytes: int) -> None:
    assert parse_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["", "GB", "2XB", "-1GB", 0, -5, "2 G B"])
def test_sizes_that_are_none(text: float | str) -> None:
    with pytest.raises(ValueError, match="such as '2GB'"):
        parse_bytes(text)


def test_sizes_are_shown_with_a_unit() -> None:
    assert [show_bytes(n) for n in (12, 3400, 2 * 10**9, 1.5e12)] == ["12 bytes", "3.4 kB", "2 GB", "1.5 TB"]


@pytest.mark.skipif(not can_measure(), reason="this system has no /proc; run it on Linux")
def test_children_count() -> None:
    own = resident_bytes(os.getpid())
    assert own > 10**6
    code = "import sys; kept = b'x' * 10**8; print('ready', flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    assert resident_bytes(child.pid) > 10**8
    assert resident_bytes(os.getpid()) > own - 10**7 + 10**8
    child.communicate("")
    time.sleep(0.01)
    assert resident_bytes(child.pid) == 0
