"""The picture of a pruning audit says what the audit says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest

import optimist
from optimist import visualization
from optimist.distributions import FloatDistribution
from optimist.history.attributes import AUDIT_KEY
from optimist.history.condemned import Condemnation
from optimist.states import TrialState
from optimist.trial import create_trial
from optimist.visualization import matplotlib as in_matplotlib
from optimist.visualization.data.pruning_audit import audit_bars

mpl.use("Agg")
FACES = [visualization, in_matplotlib]


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def audited(n_wrong: int = 6, name: str = "a") -> optimist.Study:
    """Wrongly condemned below 1, rightly above; one condemned trial above 2 was stopped."""
    study = optimist.create_study(study_name=name)
    places = [*(0.1 * i for i in range(n_wrong)), *(1.05 + 0.1 * i for i in range(8)), 2.5, None]
    for x in places:
        note = Condemnation(0, 0.0, 1.0, x != 2.5, "MedianPruner").note()
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED if x == 2.5 else TrialState.COMPLETE,
                value=None if x == 2.5 else 1.0 if x is None else 0.5 if x < 1 else 2.0,
                params={} if x is None else {"<i>x$": x},
                distributions={} if x is None else {"<i>x$": FloatDistribution(0, 3)},
                system_attrs={} if x is None else {AUDIT_KEY: note},
                intermediate_values=dict.fromkeys(range(1 if x == 2.5 else 4), 0.0),
            )
        )
    return study


def test_rows_are_those_of_the_audit() -> None:
    data = audit_bars(audited())
    assert data.conditions == ("<i>x$ >= 2", "1 <= <i>x$ < 2", "<i>x$ < 1", "all condemned")
    np.testing.assert_allclose(data.shares, [np.nan, 0, 100, 100 * 6 / 14])
    assert data.words == ("0 of 0", "0 of 8", "6 of 6", "6 of 14")
    assert data.stands_out.tolist() == [False, False, True, False]
    assert (data.low[0], data.high[0]) == (0, 100)
    assert data.overall == pytest.approx(100 * 6 / 14)
    assert data.heading.subtitle.startswith("5% of the steps saved")
    assert "6 of them let go on, 6 would have become" in data.hover_texts[2]
    assert audit_bars([audited(), audited(name="b")]).words[-1] == "12 of 28"


@pytest.mark.parametrize("face", FACES)
def test_it_is_drawn_with_names_as_they_are(face: ModuleType) -> None:
    figure = face.plot_pruning_audit([audited(), audited(0, "b")])
    if face is visualization:
        drawn = json.loads(figure.to_json())["layout"]
        assert "&lt;i&gt;x$ &lt; 1" in drawn["yaxis"]["ticktext"]
        assert {note["text"] for note in drawn["annotations"]} >= {"6 of 6", "6 of 22"}
    else:
        figure.figure.canvas.draw()
        assert r"<i>x\$ < 1" in [label.get_text() for label in figure.get_yticklabels()]


@pytest.mark.parametrize("face", FACES)
def test_what_is_missing_is_said(face: ModuleType) -> None:
    unaudited = optimist.create_study()
    unaudited.add_trial(create_trial(value=1.0, intermediate_values={0: 1.0, 1: 1.0}))
    studies = {"The study has no trials yet.": optimist.create_study(), "No trial was pruned.": unaudited}
    pruned = optimist.create_study()
    pruned.add_trial(create_trial(state=TrialState.PRUNED, intermediate_values={0: 1.0}))
    studies["No condemned trial was let go on to its end. See AuditedPruner."] = pruned
    for message, study in studies.items():
        figure = face.plot_pruning_audit(study)
        texts = (
            [a.text for a in figure.layout.annotations]
            if face is visualization
            else [text.get_text() for text in figure.texts]
        )
        assert texts == [message]
    for wrong in ([], optimist.create_study(directions=["minimize"] * 2)):
        with pytest.raises(ValueError, match="audit"):
            face.plot_pruning_audit(wrong)
