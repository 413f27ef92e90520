"""AutoSampler: which sampler proposes a trial, and what that may cost."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest

import optimist
from optimist.distributions import FloatDistribution
from optimist.history.view import View
from optimist.samplers import AutoSampler, GPSampler, PartialFixedSampler
from optimist.samplers.auto.choice import N_BEFORE_GENERATIONS, N_BEFORE_TURNS, PATIENCE
from optimist.samplers.auto.pace import SHARE, Durations, Pace
from optimist.samplers.auto.sampler import METHOD_KEY
from optimist.states import TrialState


def bowl(trial: optimist.Trial) -> float:
    return trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_float("y", -1, 1) ** 2


def methods(study: optimist.Study) -> Counter[str]:
    return Counter(trial.system_attrs[METHOD_KEY][0] for trial in study.get_trials(deepcopy=False))


def study_of_long_trials(n: int, seconds: float) -> optimist.Study:
    study = optimist.create_study()
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - naive, as snapshots have it
    for i in range(n):
        trial = optimist.create_trial(
            value=-i / n,
            params={"x": i / n, "y": 0.5},
            distributions={"x": FloatDistribution(-1, 1), "y": FloatDistribution(-1, 1)},
        )
        trial.datetime_start, trial.datetime_complete = start, start + timedelta(seconds=seconds)
        study.add_trial(trial)
    return study


def test_it_is_the_default() -> None:
    assert isinstance(optimist.create_study().sampler, AutoSampler)


def descent(trial: optimist.Trial) -> float:
    """Better from trial to trial."""
    return bowl(trial) - 3 * trial.number


def test_with_a_seed_it_proposes_what_the_gaussian_process_does() -> None:
    found = []
    for sampler in (AutoSampler(seed=3), GPSampler(seed=3)):
        study = optimist.create_study(sampler=sampler)
        study.optimize(descent, 12)
        found.append([trial.params for trial in study.trials])
    assert found[0] == found[1]


def test_at_a_standstill_another_model_has_every_other_trial() -> None:
    study = optimist.create_study(sampler=AutoSampler(seed=3))
    study.optimize(descent, 8)
    study.optimize(lambda trial: bowl(trial) + trial.number, PATIENCE + 6)
    later = [trial.system_attrs[METHOD_KEY][0] for trial in study.trials[8:]]
    assert later == ["GPSampler"] * PATIENCE + ["TPESampler", "GPSampler"] * 3
    study.optimize(lambda trial: bowl(trial) - 1000 * trial.number, 4)
    assert methods(study)["TPESampler"] == 4  # one more, before it was seen that values get better again


def test_running_trials_take_turns_at_a_standstill() -> None:
    study = optimist.create_study(sampler=AutoSampler(seed=3))
    study.optimize(lambda trial: bowl(trial) + trial.number, PATIENCE + 5)
    for _ in range(4):
        bowl(study.ask())
    found = [trial.system_attrs[METHOD_KEY][0] for trial in study.get_trials(states=(TrialState.RUNNING,))]
    assert found == ["GPSampler", "TPESampler"] * 2


def test_trials_that_ran_when_the_best_one_ended_are_no_standstill() -> None:
    def asked() -> optimist.Trial:
        trial = study.ask()
        bowl(trial)
        return trial

    n_running = 4
    study = optimist.create_study(sampler=AutoSampler(seed=3))
    study.optimize(descent, 8)
    running = [asked() for _ in range(n_running)]
    for _ in range(PATIENCE + 6):
        study.tell(running.pop(0), 1000.0)
        running.append(asked())
    n_early = (
        n_running + PATIENCE + n_running - 2
    )  # the last of them when one trial less than it takes knew the best one
    later = [trial.system_attrs[METHOD_KEY][0] for trial in study.trials[8:]]
    assert later[:n_early] == ["GPSampler"] * n_early
    assert Counter(later[n_early:]) == {"TPESampler": 2, "GPSampler": 2}


def test_with_a_seed_the_clock_plays_no_part() -> None:
    found = []
    for pause_s in (0.0, 0.02):
        study = optimist.create_study(sampler=AutoSampler(seed=3))
        study.optimize(lambda trial, s=pause_s: (time.sleep(s), bowl(trial))[1], 10)
        found.append([(trial.params, trial.system_attrs) for trial in study.trials])
    assert found[0] == found[1]


def test_quick_trials_are_not_held_up() -> None:
    study = optimist.create_study()
    study.optimize(bowl, 30)
    assert methods(study) == {"TPESampler": 30}
    assert study.best_value < 0.3


def test_long_trials_get_the_gaussian_process() -> None:
    study = study_of_long_trials(8, seconds=60.0)
    study.optimize(bowl, 3)
    assert [trial.system_attrs[METHOD_KEY][0] for trial in study.trials[8:]] == ["GPSampler"] * 3


def study_of_many_trials(n_objectives: int, sampler: AutoSampler) -> optimist.Study:
    """One trial less than those before evolution, along a front."""
    study = optimist.create_study(directions=["minimize"] * n_objectives, sampler=sampler)
    n = N_BEFORE_GENERATIONS
    study.add_trials(
        [
            optimist.create_trial(
                values=[i / n, 1 - i / n, 0.5][:n_objectives],
                params={"x": i / n, "y": 0.5},
                distributions={"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)},
            )
            for i in range(n - 1)
        ]
    )
    return study


def corner(trial: optimist.Trial, n_objectives: int) -> tuple[float, ...]:
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
    return (x, y, 1 - x)[:n_objectives]


def latest_methods(study: optimist.Study, n: int) -> list[str]:
    return [trial.system_attrs[METHOD_KEY][0] for trial in study.trials[-n:]]


def test_many_trials_of_two_objectives_evolve() -> None:
    study = study_of_many_trials(2, AutoSampler(seed=0))
    study.optimize(lambda trial: corner(trial, 2), 4)
    first, *later = latest_methods(study, 4)
    assert first in ("GPSampler", "TPESampler")
    assert later == ["NSGAIISampler"] * 3


def test_many_trials_of_three_objectives_evolve_in_turns() -> None:
    study = study_of_many_trials(3, AutoSampler(seed=0))
    study.optimize(lambda trial: corner(trial, 3), 7)
    assert sorted(latest_methods(study, 6)) == ["GPSampler"] * 2 + ["NSGAIISampler"] * 4


def test_many_quick_trials_of_three_objectives_evolve_without_a_pause() -> None:
    study = study_of_many_trials(3, AutoSampler())
    study.optimize(lambda trial: corner(trial, 3), 7)
    assert latest_methods(study, 7) == ["TPESampler"] + ["NSGAIISampler"] * 6


def test_few_trials_of_several_objectives_take_turns() -> None:
    study = optimist.create_study(directions=["minimize"] * 2, sampler=AutoSampler(seed=0))
    study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)), N_BEFORE_TURNS + 9)
    methods = [trial.system_attrs[METHOD_KEY][0] for trial in study.trials]
    assert methods[:N_BEFORE_TURNS] == ["GPSampler"] * N_BEFORE_TURNS
    assert sorted(methods[N_BEFORE_TURNS:]) == ["GPSampler"] * 6 + ["TPESampler"] * 3


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_fixed_parameters_stay_fixed(n_objectives: int) -> None:
    sampler = PartialFixedSampler({"y": 0.25}, AutoSampler(seed=0))
    study = optimist.create_study(directions=["minimize"] * n_objectives, sampler=sampler)
    study.optimize(lambda trial: (bowl(trial), -bowl(trial))[:n_objectives], 12)
    assert {trial.params["y"] for trial in study.trials} == {0.25}
    assert len({trial.params["x"] for trial in study.trials}) == 12


def test_a_copy_in_another_process_goes_on_alike() -> None:
    study = optimist.create_study(sampler=AutoSampler(seed=5))
    study.optimize(bowl, 8)
    copied = optimist.create_study(sampler=pickle.loads(pickle.dumps(study.sampler)))
    copied.add_trials(study.trials)
    study.optimize(bowl, 2)
    copied.optimize(bowl, 2)
    assert [trial.params for trial in copied.trials] == [trial.params for trial in study.trials]


# What it may cost


def test_durations_are_added_up() -> None:
    study = study_of_long_trials(4, seconds=2.0)
    study.add_trial(optimist.create_trial(value=0.0))
    view = View(study.ledger.history)
    durations = view.tracker(Durations, Durations)
    assert durations.mean_s == pytest.approx(2.0 * 4 / 5, rel=0.01)  # the fifth took no time
    study.add_trials(study_of_long_trials(5, seconds=8.0).trials)
    assert View(study.ledger.history).tracker(Durations, Durations).mean_s == pytest.approx((8 + 40) / 10, rel=0.01)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("optimist.samplers.auto.pace.time", clock)
    return clock


def test_a_costly_proposal_must_have_been_earned(clock: Clock) -> None:
    view = View(study_of_long_trials(4, seconds=0.5).ledger.history)  # each trial earns 0.04 s
    pace = Pace()
    assert [pace.affords(view) for _ in range(7)] == [False] * 6 + [True]  # 0.25 s are expected of the first
    with pace.spending(is_costly=True):
        clock.now += 0.49
    # 0.51 s are the share of 6.4 s; 14 trials take 6.5 s themselves, for half a second of theirs is the proposal's.
    assert [pace.affords(view) for _ in range(7)] == [False] * 6 + [True]


def test_cheap_proposals_are_made_at_any_cost_and_count(clock: Clock) -> None:
    view = View(study_of_long_trials(4, seconds=0.5).ledger.history)
    pace = Pace()
    for _ in range(20):
        pace.affords(view)
        with pace.spending(is_costly=False):
            clock.now += 0.05
    assert not pace.affords(view)


def test_what_is_spent_stays_within_the_share(clock: Clock) -> None:
    view = View(study_of_long_trials(4, seconds=0.5).ledger.history)
    pace, n_trials = Pace(), 1000
    for _ in range(n_trials):
        if pace.affords(view):
            with pace.spending(is_costly=True):
                clock.now += 0.07
    own_s = 0.5 * n_trials - clock.now
    assert SHARE * own_s - 0.1 <= clock.now <= SHARE * own_s + 0.07


def test_a_sampler_that_learnt_its_pace_can_be_sent_away() -> None:
    assert isinstance(pickle.loads(pickle.dumps(Pace())), Pace)


def test_each_trial_says_why() -> None:
    study = optimist.create_study(sampler=AutoSampler(seed=0))
    study.optimize(bowl, 1)
    assert study.trials[0].system_attrs[METHOD_KEY] == ["GPSampler", "one objective"]
