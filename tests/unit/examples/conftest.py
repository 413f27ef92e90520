"""Tests of examples that need PyTorch are collected where it is installed; `make .venv/has-torch` installs it."""

from __future__ import annotations

from importlib.util import find_spec

NEED_TORCH = ["test_corrupted_mnist.py", "test_fashion_trainer.py", "test_fashion_tune.py"]

collect_ignore = [] if find_spec("torch") else NEED_TORCH
