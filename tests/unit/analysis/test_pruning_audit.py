"""The audit counts what controls show, and finds the hyperparameter that pruning is unjust to."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest

import optimist
from optimist.analysis import PruningAudit
from optimist.distributions import CategoricalDistribution, FloatDistribution
from optimist.history.attributes import AUDIT_KEY
from optimist.history.condemned import Condemnation
from optimist.pruners import AuditedPruner, BasePruner, MedianPruner
from optimist.samplers import RandomSampler
from optimist.states import TrialState
from optimist.trial import Trial, create_trial

SPACE = {"x": FloatDistribution(0, 3), "kind": CategoricalDistribution(("a", "b"))}
START = datetime.datetime(2025, 1, 1)  # noqa: DTZ001  trials know local time


def trial(
    value: float | None,
    n_steps: int,
    *,
    condemned_at: int | None = None,
    incumbent: float | None = 1.0,
    control: bool = True,
    state: TrialState | None = None,
    x: float = 0.5,
    kind: str = "a",
    seconds: float = 0.0,
    constraint: float | None = None,
) -> Any:
    attrs: dict[str, Any] = {}
    if condemned_at is not None:
        attrs[AUDIT_KEY] = Condemnation(condemned_at, 0.0, incumbent, control, "MedianPruner").note()
    if constraint is not None:
        attrs["constraints:c"] = constraint
    made = create_trial(
        state=state or (TrialState.PRUNED if value is None else TrialState.COMPLETE),
        value=value,
        params={"x": x, "kind": kind},
        distributions=SPACE,
        system_attrs=attrs,
        intermediate_values=dict.fromkeys(range(n_steps), 0.0),
    )
    made.datetime_start, made.datetime_complete = START, START + datetime.timedelta(seconds=seconds)
    return made


def study_of(*trials: Any, direction: str = "minimize", name: str = "s") -> optimist.Study:
    study = optimist.create_study(direction=direction, study_name=name)
    study.add_trials(trials)
    return study


def test_counts_by_hand() -> None:
    audit = study_of(
        trial(1.0, 10, seconds=20),
        trial(None, 3, condemned_at=2, control=False, seconds=6),
        trial(0.5, 10, condemned_at=4, incumbent=1.0, seconds=20),  # better than the incumbent, and than all
        trial(1.5, 10, condemned_at=4, incumbent=2.0, seconds=20),  # better than the incumbent of then only
        trial(3.0, 10, condemned_at=4, incumbent=1.0, seconds=20),
        trial(None, 6, condemned_at=4, state=TrialState.FAIL, seconds=20),  # a control that says nothing
        trial(0.1, 10, condemned_at=4, control=False, seconds=20),  # told to stop, and did not: the best of all
    ).pruning_audit()
    assert (audit.n_complete, audit.n_pruned, audit.n_condemned, audit.n_controls) == (5, 1, 6, 4)
    assert (audit.wrong.n_hits, audit.wrong.n) == (2, 3)
    assert (audit.would_win.n_hits, audit.would_win.n) == (0, 3)
    assert (audit.steps.spent, audit.steps.saved, audit.steps.spent_on_controls) == (59, 7, 5 * 3 + 1)
    assert (audit.seconds.spent, audit.seconds.saved) == (126, 7 * 2)
    assert audit.seconds.spent_on_controls == pytest.approx(5 * 3 * 2 + 20 / 6)
    assert audit.steps.saved_share == 7 / 66


@pytest.mark.parametrize("sign", [1, -1])
def test_both_directions(sign: int) -> None:
    direction = "minimize" if sign > 0 else "maximize"
    audit = study_of(
        trial(sign * 1.0, 2),
        trial(sign * 0.5, 2, condemned_at=0, incumbent=sign * 1.0),
        trial(sign * 1.5, 2, condemned_at=0, incumbent=sign * 1.0),
        direction=direction,
    ).pruning_audit()
    assert (audit.wrong.n_hits, audit.would_win.n_hits, audit.wrong.n) == (1, 1, 2)


def test_without_an_incumbent_any_end_is_the_best_of_its_time() -> None:
    audit = study_of(trial(9.0, 2, condemned_at=0, incumbent=None), trial(1.0, 2)).pruning_audit()
    assert (audit.wrong.n_hits, audit.would_win.n_hits) == (1, 0)


def test_an_infeasible_control_beats_nobody() -> None:
    audit = study_of(trial(1.0, 2), trial(0.0, 2, condemned_at=0, constraint=1.0)).pruning_audit()
    assert (audit.wrong.n_hits, audit.wrong.n) == (0, 1)


def said(audit: PruningAudit) -> str:
    return " ".join(audit.sentences)


def test_what_to_do_when_nothing_is_known() -> None:
    nothing = study_of().pruning_audit()
    assert nothing.wrong.estimate is None
    assert nothing.wrong.interval == (0.0, 1.0)
    assert "nothing to audit" in said(nothing)
    assert nothing.steps.saved_share == 0.0
    unaudited = study_of(trial(1.0, 4), trial(None, 1)).pruning_audit()
    assert "none of the 1 pruned trials was audited" in said(unaudited)
    assert "AuditedPruner(MedianPruner())" in said(unaudited)
    assert "saved 3 of 8 steps (38%)" in said(unaudited)
    no_controls = study_of(trial(1.0, 4), trial(None, 1, condemned_at=0, control=False)).pruning_audit()
    assert "raise the share of controls" in said(no_controls)
    assert no_controls.wrong.interval == (0.0, 1.0)
    assert all(found.p_value == 1.0 for found in no_controls.values)


def test_several_studies_count_together() -> None:
    first = study_of(trial(1.0, 2), trial(0.5, 2, condemned_at=0), name="first")
    second = study_of(
        trial(-9.0, 4), trial(-9.5, 4, condemned_at=0, incumbent=-9.0), direction="maximize", name="second"
    )
    audit = first.pruning_audit(second)
    assert audit.study_names == ("first", "second")
    assert (audit.wrong.n_hits, audit.wrong.n) == (1, 2)
    assert audit.steps.spent == 12
    assert audit.sentences[0].startswith("first, second: 4 trials are complete")


def test_several_objectives_are_refused() -> None:
    study = optimist.create_study(directions=["minimize", "maximize"], study_name="two")
    with pytest.raises(ValueError, match="'two' has 2"):
        study.pruning_audit()


def test_the_range_that_stands_out_comes_first() -> None:
    wrong = [trial(0.5, 2, condemned_at=0, x=0.1 * i, kind="ab"[i % 2]) for i in range(6)]
    right = [trial(2.0, 2, condemned_at=0, x=1.1 + 0.1 * i, kind="ab"[i % 2]) for i in range(8)]
    stopped = [trial(None, 1, condemned_at=0, x=2.5, control=False), trial(None, 1, condemned_at=0, control=False)]
    audit = study_of(trial(1.0, 2), *wrong, *right, *stopped).pruning_audit()
    first = audit.values[0]
    assert (first.parameter, first.condition, first.n_condemned) == ("x", "x < 1", 7)
    assert (first.wrong.n_hits, first.wrong.n, first.elsewhere.n_hits, first.elsewhere.n) == (6, 6, 0, 8)
    assert first.p_value == pytest.approx(3 / math.comb(14, 6))  # three ranges hold trials
    assert [found.condition for found in audit.values if found.stands_out] == ["x < 1"]
    assert audit.sentences[-1] == (
        "Be careful with x: of 6 condemned trials with x < 1 that were let go on, 6 would have become the best of their "
        "time; elsewhere 0 of 8."
    )
    assert {found.condition for found in audit.values} == {"x < 1", "1 <= x < 2", "x >= 2", "kind = 'a'", "kind = 'b'"}


def test_durations_are_told_in_units_that_fit() -> None:
    for seconds, text in ((4, "4 seconds"), (600, "10.0 minutes"), (36000, "10.0 hours"), (864000, "10.0 days")):
        audit = study_of(trial(1.0, 4, seconds=1), trial(None, 2, seconds=seconds)).pruning_audit()
        assert f"about {text}" in said(audit)


# The slow starter


def slow_starter(trial: Trial) -> float:
    """The lower the learning rate, the slower the start and the better the end."""
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    trial.suggest_categorical("activation", ["relu", "tanh"])
    trial.suggest_int("width", 8, 256, log=True)
    place = (math.log10(lr) + 5) / 4
    level, speed = 1.0 - 0.5 * place, 0.05 + 0.8 * place
    value = 0.0
    for step in range(20):
        value = level * (1 - math.exp(-speed * (step + 1)))
        trial.report(value, step)
        if trial.should_prune():
            raise optimist.TrialPruned
    return value


def slow_start_study(pruner: BasePruner, seed: int) -> optimist.Study:
    study = optimist.create_study(
        study_name=f"slow-{seed}", direction="maximize", sampler=RandomSampler(seed), pruner=pruner
    )
    study.optimize(slow_starter, n_trials=60)
    return study


def test_the_slow_starter_is_found() -> None:
    first, *others = [slow_start_study(AuditedPruner(MedianPruner(), 0.3, seed), seed) for seed in range(3)]
    audit = first.pruning_audit(*others)
    best = audit.values[0]
    assert best.stands_out
    assert best.condition == "lr < 0.00022"
    assert "Be careful with lr" in said(audit)
    assert not any(found.stands_out for found in audit.values if found.parameter != "lr")
    # What the controls say of all is what the unpruned truth is.
    everything = [slow_start_study(AuditedPruner(MedianPruner(), 1.0), seed).pruning_audit() for seed in range(3)]
    n_wrong, n = sum(a.wrong.n_hits for a in everything), sum(a.wrong.n for a in everything)
    low, high = audit.wrong.interval
    assert low <= n_wrong / n <= high
