from __future__ import annotations

import pytest

import optimist
from optimist.study import Study
from optimist.visualization.data.comparison import comparison
from tests.unit.visualization import studies

NAME = "Objective Value"


def study_of(*values: float | None, direction: str = "minimize") -> Study:
    """Trials that take a second each, one after the other; None fails."""
    study = optimist.create_study(direction=direction)
    for k, value in enumerate(values):
        studies.add(study, value, "FAIL" if value is None else "COMPLETE", seconds=(k, k + 1))
    return study


def test_one_study_by_trials_and_by_seconds() -> None:
    (group,) = comparison([study_of(3.0, None, 1.0, 2.0)], NAME).groups
    assert group.by_trials.x.tolist() == [1, 2, 3, 4]
    assert group.by_trials.median.tolist() == [3.0, 3.0, 1.0, 1.0]
    assert group.by_seconds.x[0] == pytest.approx(1.0, abs=0.02)
    assert group.by_seconds.x[-1] == 4.0
    steps = dict(zip(group.by_seconds.x.tolist(), group.by_seconds.median.tolist(), strict=True))
    assert (steps[1.0], steps[3.0], steps[4.0]) == (3.0, 1.0, 1.0)


def test_repeats_give_median_and_quartiles() -> None:
    repeats = [study_of(*values) for values in ([4.0, 0.0], [2.0, 1.0], [3.0, 2.0], [1.0, 3.0], [5.0, 9.0])]
    (group,) = comparison({"mine": repeats}, NAME).groups
    assert (group.name, group.n_repeats) == ("mine", 5)
    assert group.by_trials.median.tolist() == [3.0, 1.0]
    assert group.by_trials.low.tolist() == [2.0, 1.0]
    assert group.by_trials.high.tolist() == [4.0, 2.0]


def test_maximising_keeps_low_below_high() -> None:
    repeats = [study_of(value, direction="maximize") for value in (1.0, 2.0, 3.0)]
    (group,) = comparison({"mine": repeats}, NAME).groups
    assert (group.by_trials.low[0], group.by_trials.median[0], group.by_trials.high[0]) == (1.5, 2.0, 2.5)


def test_a_line_begins_where_all_repeats_have_a_value() -> None:
    (group,) = comparison({"mine": [study_of(None, 2.0), study_of(1.0)]}, NAME).groups
    assert group.by_trials.x.tolist() == [2]
    assert group.by_trials.median.tolist() == [1.5]  # the shorter one stays at its last value


def test_studies_of_one_name_are_told_apart() -> None:
    first, second = (optimist.create_study(study_name="same", storage=None) for _ in range(2))
    for study in (first, second):
        studies.add(study, 1.0)
    assert [group.name for group in comparison([first, second], NAME).groups] == ["same", "same (2)"]


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="several objectives"):
        comparison([studies.multi_objective()], NAME)
    with pytest.raises(ValueError, match="minimise cannot be compared"):
        comparison([study_of(1.0), study_of(1.0, direction="maximize")], NAME)
    assert comparison([], NAME).heading.message == "There are no studies."
    assert comparison(studies.all_failed(), NAME).heading.message == "All 3 trials failed."
