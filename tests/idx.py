"""Small data sets in the form of MNIST's files, made up."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def write_data_set(folder: Path, *, n_train: int = 40, n_test: int = 20, ending: str = ".gz") -> dict[str, Bytes]:
    """Write four files of random images and labels; returns the arrays by the files' names."""
    rng = np.random.default_rng(0)
    arrays = {}
    for prefix, n_images in (("train", n_train), ("t10k", n_test)):
        arrays[f"{prefix}-images-idx3-ubyte"] = rng.integers(0, 256, (n_images, 28, 28), np.uint8)
        arrays[f"{prefix}-labels-idx1-ubyte"] = rng.integers(0, 10, n_images, np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        write_idx(folder / f"{name}{ending}", array)
    return arrays


def write_idx(path: Path, array: Bytes) -> None:
    """Write an idx file, gzipped if its name says so."""
    content = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
