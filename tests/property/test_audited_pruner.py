"""Under an audit all other trials are judged as if the controls had been pruned when they were condemned."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optimist
from optimist.distributions import FloatDistribution
from optimist.history.condemned import is_control
from optimist.history.protocols import StudyLike
from optimist.history.records import FrozenTrial
from optimist.pruners import (
    AuditedPruner,
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    WilcoxonPruner,
)
from optimist.states import TrialState
from optimist.study import Study


class WorseThanSome(BasePruner):
    """Written with public names alone; looks at the best trial, at pruned trials, and at columns."""

    def prune(self, study: StudyLike, trial: FrozenTrial) -> bool:
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        if not any(other.state == TrialState.COMPLETE for other in done):
            return False
        assert study.view(trial.number).n == len(done)
        values = [study.best_trial.value, *(other.value for other in done)]  # type: ignore[attr-defined]
        known = sorted(value for value in values if value is not None)
        step = trial.last_step
        return step is not None and trial.intermediate_values[step] > known[len(known) // 2]


PRUNERS: Final[dict[str, Callable[[], BasePruner]]] = {
    "median": lambda: MedianPruner(n_startup_trials=1),
    "percentile": lambda: PercentilePruner(25.0, n_startup_trials=0),
    "halving": lambda: SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
    "halving, auto": lambda: SuccessiveHalvingPruner(reduction_factor=2),
    "hyperband": lambda: HyperbandPruner(reduction_factor=2),
    "patient": lambda: PatientPruner(MedianPruner(n_startup_trials=1), patience=0),
    "patient foreign": lambda: PatientPruner(WorseThanSome(), patience=0),
    "wilcoxon": lambda: WilcoxonPruner(p_threshold=0.9),
    "foreign": WorseThanSome,
}

values = st.one_of(st.integers(0, 6).map(float), st.just(math.nan))
turns = st.lists(st.tuples(st.integers(0, 2), values, st.booleans()), min_size=15, max_size=80)
"""Which of the open trials reports next, what, and whether it ends then."""


class Pair:
    """A trial under an audit, and its twin in a study where controls are really pruned."""

    def __init__(self, audited: Study, twin: Study) -> None:
        space = {"x": FloatDistribution(0.0, 1.0)}
        self.studies = audited, twin
        self.trials = audited.ask(dict(space)), twin.ask(dict(space))
        self.step = -1
        self.is_condemned = False

    def turn(self, value: float, ends: bool) -> bool:
        """Report to both; False if both are done with."""
        (audited, twin), (trial, other) = self.studies, self.trials
        self.step += 1
        trial.report(value, self.step)
        stops = trial.should_prune()
        if not self.is_condemned:
            other.report(value, self.step)
            assert other.should_prune() == (stops or is_control(trial.draft.system_attrs))
            self.is_condemned = is_control(trial.draft.system_attrs)
            if self.is_condemned or stops:
                twin.tell(other, state=TrialState.PRUNED)
        else:
            assert not stops
        if stops:
            audited.tell(trial, state=TrialState.PRUNED)
            return False
        if not ends and self.step < 8:
            return True
        final = 0.0 if math.isnan(value) else value
        audited.tell(trial, -1.0 if self.is_condemned else final)  # seen, a control would spoil every comparison
        if not self.is_condemned:
            twin.tell(other, final)
        return False


@pytest.mark.parametrize("name", sorted(PRUNERS))
@pytest.mark.filterwarnings("ignore:WilcoxonPruner:UserWarning")
@settings(max_examples=25, deadline=None)
@given(turns=turns, seed=st.integers(0, 3))
def test_decisions_are_those_of_a_study_whose_controls_were_pruned(
    name: str, turns: list[tuple[int, float, bool]], seed: int
) -> None:
    audited = optimist.create_study(study_name="same", pruner=AuditedPruner(PRUNERS[name](), 0.5, seed))
    twin = optimist.create_study(study_name="same", pruner=PRUNERS[name]())
    open_pairs: list[Pair] = []
    for which, value, ends in turns:
        while len(open_pairs) <= which:
            open_pairs.append(Pair(audited, twin))
        pair = open_pairs.pop(which)
        if pair.turn(value, ends):
            open_pairs.append(pair)
