from __future__ import annotations

import pytest

from optimist.visualization.data.edf import edf
from tests.unit.visualization import studies

NAME = "Objective Value"


def test_steps() -> None:
    (found,) = edf(studies.single_parameter(), None, NAME).distributions  # values 4, 1, 0, 1
    assert found.values.tolist() == [0.0, 1.0, 4.0]
    assert found.shares.tolist() == [0.25, 0.75, 1.0]
    assert found.n == 4


def test_studies_without_values_are_left_out() -> None:
    data = edf([studies.single_parameter(), studies.empty()], None, NAME)
    assert len(data.distributions) == 1
    assert data.heading.message == ""


def test_nothing_to_draw_is_said() -> None:
    assert edf([], None, NAME).heading.message == "There are no studies."
    assert edf(studies.all_failed(), None, NAME).heading.message == "All 3 trials failed."
    with pytest.raises(ValueError, match="several objectives"):
        edf(studies.multi_objective(), None, NAME)
