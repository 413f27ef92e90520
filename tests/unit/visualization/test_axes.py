from __future__ import annotations

import numpy as np
import pytest

from optimist.visualization.data.axes import Axis, beyond, param_axis, shortened, tick_text, value_axis
from optimist.visualization.data.trials import read_trials
from tests.unit.visualization import studies


def test_axes_of_parameters_follow_the_space() -> None:
    params = read_trials(studies.varied()).params
    lr, width, act = (param_axis(params[name]) for name in ("lr", "width", "act<i>"))
    assert (lr.kind, lr.low, lr.high) == ("log", 1e-5, 1.0)
    assert (width.kind, width.low, width.high) == ("linear", 8, 64)
    assert (act.kind, act.choices, act.limits) == ("category", ("relu", "$tanh$", "None"), (-0.5, 2.5))


@pytest.mark.parametrize(
    ("axis", "values", "words"),
    [
        (Axis("", "linear", 0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (Axis("", "linear", -3.0, 17.0), [0.0, 5.0, 10.0, 15.0], ["0", "5", "10", "15"]),
        (Axis("", "linear", 2.0, 2.0), [2.0], ["2"]),
        (Axis("", "log", 1e-5, 1e-1), [1e-5, 1e-4, 1e-3, 1e-2, 1e-1], ["1e-5", "0.0001", "0.001", "0.01", "0.1"]),
        (Axis("", "log", 8.0, 300.0), [10.0, 20.0, 50.0, 100.0, 200.0], ["10", "20", "50", "100", "200"]),
        (Axis("", "category", 0.0, 1.0, ("a", "b")), [0.0, 1.0], ["a", "b"]),
    ],
)
def test_ticks(axis: Axis, values: list[float], words: list[str]) -> None:
    found, texts = axis.ticks()
    assert found == pytest.approx(values)
    assert texts == words


@pytest.mark.parametrize("low", [0.0, 3e-7, 1e12])
@pytest.mark.parametrize("width", [1e-3, 1.0, 7.3, 1e9])
@pytest.mark.parametrize("kind", ["linear", "log"])
def test_ticks_are_few_and_within(low: float, width: float, kind: str) -> None:
    low = max(low, 1e-9) if kind == "log" else low
    axis = Axis("", kind, low, low + width)  # type: ignore[arg-type]
    values, texts = axis.ticks()
    assert len(values) == len(texts) <= 12
    tolerance = 1e-9 * (low + width)
    assert all(axis.low - tolerance <= value <= axis.high + tolerance for value in values)


def test_positions_and_values_are_inverse() -> None:
    for axis in (Axis("", "linear", -2.0, 6.0), Axis("", "log", 1e-4, 1e2)):
        places = np.array([0.0, 0.25, 1.0])
        assert axis.positions(axis.values_at(places)) == pytest.approx(places)
    assert Axis("", "linear", 3.0, 3.0).positions(np.array([3.0])).tolist() == [0.5]


def test_margins() -> None:
    assert Axis("", "linear", 0.0, 10.0).limits == pytest.approx((-0.4, 10.4))
    assert Axis("", "log", 1.0, 10.0).limits == pytest.approx((10**-0.04, 10**1.04))
    assert Axis("", "linear", 0.0, 0.0).limits == (-0.5, 0.5)
    low, high = Axis("", "linear", -1e308, 1e308).limits
    assert np.isfinite([low, high]).all()


def test_one_diverged_value_does_not_squeeze_the_others() -> None:
    values = np.append(np.linspace(0, 1, 50), 1e6)
    assert (value_axis("", values, is_minimized=True).low, value_axis("", values, is_minimized=True).high) == (0.0, 1.0)
    assert value_axis("", -values, is_minimized=False).low == -1.0
    assert value_axis("", -values, is_minimized=None).low == -1.0
    # A value that is far off on the good side is never left out.
    assert value_axis("", values, is_minimized=False).high == 1e6
    axis = value_axis("", values, is_minimized=True)
    assert beyond(axis, np.append(values, np.nan)) == "1 value lies beyond the picture"
    assert beyond(axis, values[:-1]) == ""


def test_axis_without_values() -> None:
    axis = value_axis("loss", np.array([np.nan, np.inf]), is_minimized=True)
    assert (axis.low, axis.high) == (0.0, 1.0)


def test_short_words() -> None:
    assert [tick_text(x) for x in (0.0, 0.5, 20000.0, 1e-6, 1.5e7)] == ["0", "0.5", "20,000", "1e-6", "1.5e7"]
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"
