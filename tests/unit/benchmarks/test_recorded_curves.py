"""Recorded curves come back as they were written, and those that we ship are whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import recorded_curves
from recorded_curves import Document, Run, load, pack_space, save

from optimist.distributions import CategoricalDistribution, FloatDistribution

SPACE = {"rate": FloatDistribution(1e-6, 1.0, log=True), "size": CategoricalDistribution([16, 32])}
DOCUMENT = Document(
    task="a toy",
    metric="loss",
    final_metric="test loss",
    direction="minimize",
    step="epoch",
    space=pack_space(SPACE),
    runs=[
        Run(0, {"rate": 0.1, "size": 16}, [0.5, 0.4, 0.3], 0.31, [1.0, 1.1, 1.2]),
        Run(1, {"rate": 0.2, "size": 32}, [0.7, 0.6, 0.5], 0.51, [2.0, 2.1, 2.2]),
    ],
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    save("toy", DOCUMENT, tmp_path)

    recorded = load("toy", tmp_path)

    assert (recorded.task, recorded.metric, recorded.final_metric) == ("a toy", "loss", "test loss")
    assert (recorded.direction, recorded.step) == ("minimize", "epoch")
    assert recorded.space == SPACE
    assert recorded.params == [{"rate": 0.1, "size": 16}, {"rate": 0.2, "size": 32}]
    np.testing.assert_array_equal(recorded.curves, [[0.5, 0.4, 0.3], [0.7, 0.6, 0.5]])
    np.testing.assert_array_equal(recorded.finals, [0.31, 0.51])
    np.testing.assert_array_equal(recorded.seconds, [[1.0, 1.1, 1.2], [2.0, 2.1, 2.2]])


def test_the_same_curves_give_the_same_bytes(tmp_path: Path) -> None:
    assert save("a", DOCUMENT, tmp_path).read_bytes() == save("b", DOCUMENT, tmp_path).read_bytes()


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"'mnist'; there are: .*fashion_mnist"):
        load("mnist")


@pytest.mark.parametrize(
    ("name", "n_runs", "n_steps"), [("fashion_mnist", 1300, 12), ("digits", 1620, 20), ("digits_network", 1000, 20)]
)
def test_shipped_curves_are_whole(name: str, n_runs: int, n_steps: int) -> None:
    recorded = load(name)

    assert len(recorded.params) >= n_runs
    assert recorded.curves.shape == recorded.seconds.shape == (len(recorded.params), n_steps)
    assert recorded.finals.shape == (len(recorded.params),)
    assert np.isfinite(recorded.curves).all()
    assert np.isfinite(recorded.finals).all()
    assert (recorded.seconds > 0).all()
    for params in recorded.params:
        assert params.keys() == recorded.space.keys()
        assert all(recorded.space[key].contains(value) for key, value in params.items())
    assert (recorded_curves.FOLDER / f"{name}.json.bz2").stat().st_size < 200_000
