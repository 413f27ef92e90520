from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import check_grad

import optimist
from optimist.numerics.curves import Conditioned, CurveProcess, Observations, _Posterior
from optimist.pruners import CurvePruner, Recording, random_orders, replay
from optimist.pruners.chosen_rows import ChosenRows, last_fit
from optimist.pruners.forecast import FINE, Clock, Forecasts, Scale
from optimist.states import TrialState

N_STEPS = 12
DISTRIBUTIONS = {"rate": optimist.distributions.FloatDistribution(1e-5, 1e-1, log=True)}


def accuracy(rate: float, step: int, quality: float) -> float:
    """A low rate learns slowly and gets far; a high one is at its end at once."""
    speed = 0.25 + 2.5 * (math.log10(rate) + 5) / 4
    return quality * (1 - math.exp(-speed * (step + 1)))


def run(study: optimist.Study, rate: float, quality: float) -> tuple[optimist.Trial, int]:
    """Run a trial; return it, and after how many steps it ended."""
    study.enqueue_trial({"rate": rate})
    trial = study.ask(DISTRIBUTIONS)
    for step in range(N_STEPS):
        trial.report(accuracy(rate, step, quality), step)
        if step < N_STEPS - 1 and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return trial, step + 1
    study.tell(trial, accuracy(rate, N_STEPS - 1, quality))
    return trial, N_STEPS


def learned(seed: int = 0) -> optimist.Study:
    """A study that has seen slow and fast learners to their ends, all of them middling."""
    study = optimist.create_study(direction="maximize", pruner=CurvePruner())
    rng = np.random.default_rng(seed)
    study.add_trials(
        optimist.trial.create_trial(
            params={"rate": rate},
            distributions=DISTRIBUTIONS,
            value=accuracy(rate, N_STEPS - 1, quality),
            intermediate_values={step: accuracy(rate, step, quality) for step in range(N_STEPS)},
        )
        for rate, quality in zip(10 ** rng.uniform(-5, -1, 20), rng.uniform(0.6, 0.85, 20), strict=True)
    )
    return study


def test_slow_starter_that_will_be_the_best_goes_on() -> None:
    study = learned()
    _, n_steps = run(study, 2e-5, 0.95)
    assert n_steps == N_STEPS
    assert study.best_trial.number == len(study.trials) - 1


def test_median_stops_the_same_slow_starter() -> None:
    """So that the test above shows something."""
    study = learned()
    study.pruner = optimist.pruners.MedianPruner()
    _, n_steps = run(study, 2e-5, 0.95)
    assert n_steps < N_STEPS


def test_hopeless_trials_are_stopped_early() -> None:
    study = learned()
    for rate in (1e-4, 1e-3, 1e-2):
        _, n_steps = run(study, rate, 0.3)
        assert n_steps <= 3


def test_first_trial_is_never_stopped() -> None:
    study = optimist.create_study(direction="maximize", pruner=CurvePruner())
    assert run(study, 1e-5, 0.1)[1] == N_STEPS


def test_value_that_is_the_best_report() -> None:
    """Where a trial's value is its best report, a curve that gets worse again is not over."""
    study = optimist.create_study(direction="minimize", pruner=CurvePruner())
    rng = np.random.default_rng(1)
    for _ in range(12):
        curve = rng.uniform(0.5, 1.0, N_STEPS)
        curve[6:] += 1.0
        study.add_trial(optimist.trial.create_trial(value=curve.min(), intermediate_values=dict(enumerate(curve))))
    trial = study.ask()
    for step in range(8):
        trial.report(0.4 if step < 6 else 1.5, step)
        assert not trial.should_prune()


@pytest.mark.parametrize("change", [lambda y: 1e6 * y - 3e7, lambda y: -1e-7 * y])
def test_scale_and_direction_do_not_matter(change: object) -> None:
    def decisions(direction: str, transform: object) -> list[bool]:
        study = optimist.create_study(direction=direction, pruner=CurvePruner())
        rng = np.random.default_rng(3)
        decided = []
        for _ in range(25):
            quality = rng.uniform(0.3, 0.9)
            trial = study.ask()
            stopped = False
            for step in range(N_STEPS):
                trial.report(transform(accuracy(1e-3, step, quality)), step)  # type: ignore[operator]
                if step < N_STEPS - 1 and trial.should_prune():
                    stopped = True
                    break
            decided.append(stopped)
            if stopped:
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, transform(accuracy(1e-3, N_STEPS - 1, quality)))  # type: ignore[operator]
        return decided

    is_turned = change(1.0) < change(0.0)  # type: ignore[operator]
    plain = decisions("maximize", lambda y: y)
    assert any(plain)
    assert decisions("minimize" if is_turned else "maximize", change) == plain


def test_bad_arguments() -> None:
    for level in (0.0, 1.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="0 < level < 1"):
            CurvePruner(level)
    with pytest.raises(ValueError, match="n_warmup_steps"):
        CurvePruner(n_warmup_steps=-1)
    with pytest.raises(ValueError, match="interval_steps"):
        CurvePruner(interval_steps=0)


@pytest.mark.slow
def test_what_would_have_become_the_best_is_hardly_ever_stopped() -> None:
    """Curves whose speed and end depend on a rate, with noise: half of the steps are saved, at most one lead in twenty is lost."""
    rng = np.random.default_rng(8)
    n_runs, steps = 150, np.arange(N_STEPS)
    rates, widths = rng.random(n_runs), rng.random(n_runs)
    ends = 0.2 + np.square(rates - 0.3) + 0.2 * widths + 0.03 * rng.normal(size=n_runs)
    curves = (
        ends[:, None] + 0.7 * np.exp(-(0.3 + 2 * rates[:, None]) * steps) + 0.005 * rng.normal(size=(n_runs, N_STEPS))
    )
    params = [{"rate": rate, "width": width} for rate, width in zip(rates.tolist(), widths.tolist(), strict=True)]
    unit = optimist.distributions.FloatDistribution(0, 1)
    recording = Recording.of_arrays(curves, None, "minimize", params, {"rate": unit, "width": unit})
    found = replay(recording, CurvePruner, random_orders(n_runs, 6, 30, seed=0))
    assert found.step_shares.mean() < 0.5
    assert found.n_leads_stopped <= 0.05 * found.n_leads


def test_one_bad_report_does_not_stop_a_trial() -> None:
    study = learned()
    study.enqueue_trial({"rate": 1e-2})
    trial = study.ask(DISTRIBUTIONS)
    for step in range(6):
        trial.report(0.3 if step == 5 else accuracy(1e-2, step, 0.95), step)
        assert not trial.should_prune()


# The parts


def observations(n_runs: int, d: int, seed: int) -> tuple[Observations, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.random((n_runs, d))
    run = np.repeat(np.arange(n_runs), 4)
    tau = np.tile(np.log(8 / np.array([1.0, 2.0, 4.0, 8.0])), n_runs)
    return Observations(run, tau, 0.2 * rng.normal(size=len(run)) + tau * x[run, 0]), x


@pytest.mark.parametrize("growth", [0.0, 0.5])
def test_gradient(growth: float) -> None:
    seen, x = observations(7, 3, 1)
    process = CurveProcess([1, 2], growth)
    posterior = _Posterior(process, seen, x)
    theta = process.mean + 0.3 * np.random.default_rng(2).normal(size=len(process.mean))
    error = check_grad(lambda t: posterior(t)[0], lambda t: posterior(t)[1], theta)
    assert error < 1e-3 * np.linalg.norm(posterior(theta)[1])


@pytest.mark.parametrize("growth", [0.0, 0.5])
def test_forecast_is_that_of_all_observations_at_once(growth: float) -> None:
    seen, x = observations(6, 2, 3)
    process = CurveProcess([1, 1], growth)
    known = seen.run < 5
    others = Observations(seen.run[known], seen.tau[known], seen.z[known])
    first = np.flatnonzero(seen.run == 5)[:2]
    looks = [np.arange(1), np.arange(2)]
    means, variances = Conditioned(process, others, x[:5]).ends_of(seen.tau[first], seen.z[first], x[5], looks)
    for mean, variance, look in zip(means, variances, looks, strict=True):
        own = first[look]
        both = Observations(
            np.append(others.run, np.full(len(own), 5)),
            np.append(others.tau, seen.tau[own]),
            np.append(others.z, seen.z[own]),
        )
        end = Observations(np.array([5]), np.zeros(1), np.zeros(1))
        cov = process.covariance(both, x, both, x, same_runs=True) + process.noise * np.eye(len(both))
        cross = process.covariance(both, x, end, x, same_runs=True)[:, 0]
        prior = process.covariance(end, x, end, x, same_runs=True)[0, 0]
        assert mean == pytest.approx(cross @ np.linalg.solve(cov, both.z), abs=1e-5)
        assert variance == pytest.approx(prior - cross @ np.linalg.solve(cov, cross) + process.noise, abs=1e-5)


def test_errors_are_those_of_forecasts_by_all_other_runs() -> None:
    seen, x = observations(6, 2, 7)
    process = CurveProcess([1, 1])
    squares = []
    for run in range(6):
        others, own = seen.run != run, np.flatnonzero(seen.run == run)
        left = Observations(seen.run[others] - (seen.run[others] > run), seen.tau[others], seen.z[others])
        known = Conditioned(process, left, np.delete(x, run, axis=0))
        means, variances = known.ends_of(
            seen.tau[own[:-1]], seen.z[own[:-1]], x[run], [np.arange(n) for n in (1, 2, 3)]
        )
        squares.append(np.mean((seen.z[own[-1]] - means) ** 2 / variances))
    assert Conditioned(process, seen, x).mean_square_error(range(6)) == pytest.approx(np.mean(squares), rel=1e-4)


def test_fit_finds_what_is_more_probable() -> None:
    seen, x = observations(12, 2, 5)
    process = CurveProcess([1, 1])
    posterior = _Posterior(process, seen, x)
    assert posterior(process.fitted(seen, x).theta)[0] < posterior(process.mean)[0] - 1


def test_runs_of_other_categories_tell_of_each_other_where_categories_do_not_matter() -> None:
    seen, numbers = observations(40, 1, 8)
    rng = np.random.default_rng(9)
    widths = [1, 2, 4, 6]
    x = np.hstack([numbers, *(np.eye(width)[rng.integers(width, size=len(numbers))] for width in widths[1:])])
    process = CurveProcess(widths).fitted(seen, x)
    start = Observations(np.zeros(1, int), np.array([math.log(8)]), np.zeros(1))
    alike, other = np.eye(13)[[0]], np.eye(13)[[0]]
    alike[0, [1, 3, 7]] = other[0, [2, 5, 9]] = 1.0
    common = CurveProcess(widths, theta=np.append(np.full(5, -50.0), process.theta[5:]))
    across, within = (
        (
            process.covariance(start, alike, start, to, same_runs=False)
            - common.covariance(start, alike, start, to, same_runs=False)
        ).item()
        for to in (other, alike)
    )
    assert across > 0.5 * within


def test_schedule_of_fits() -> None:
    assert [last_fit(n) for n in (0, 3, 4, 5, 6, 8, 9, 13, 14, 1000)] == [0, 3, 4, 5, 6, 8, 8, 12, 12, 922]


def test_clock_and_scale() -> None:
    clock = Clock(first=10.0, gap=10.0, n_steps=8.0)
    assert clock.tau(np.array([10.0, 20.0, 80.0, 1000.0])) == pytest.approx([math.log(8), math.log(4), 0, 0])
    assert clock.share_done(np.array([0.0, 10.0, 80.0])) == pytest.approx([0, 1 / 8, 1])
    scale = Scale(sign=1.0, best=2.0, spread=1.0, width=0.05)
    z = scale.of_losses(np.array([2.0, 2.1, math.nan, math.inf, -math.inf]))
    assert z[0] == 0
    assert z[1] > 0
    assert z[2] == z[3] == -z[4]


def test_level_goes_with_what_is_left() -> None:
    view = learned().view()
    forecast = view.tracker((Forecasts, FINE), Forecasts, FINE).at(view)
    assert forecast is not None
    assert forecast.worth_of_stop({0: 0.1}) == pytest.approx(math.sqrt(11 / 12))
    assert forecast.worth_of_stop({0: 0.1, 8: 0.2}) == pytest.approx(math.sqrt(3 / 12))
    assert forecast.worth_of_stop({20: 0.1}) == 0.0
    assert forecast.distance({0: 0.3, 3: forecast._curves.scale.best * -1.0}) == 0.0


def test_rows_are_chosen_one_by_one_as_from_all_at_once() -> None:
    study = optimist.create_study()
    rng = np.random.default_rng(4)
    for number in range(150):
        value = float(rng.choice([rng.normal(), np.inf], p=[0.95, 0.05]))
        state = TrialState(rng.choice([TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL], p=[0.5, 0.4, 0.1]))
        reports = {} if number % 11 == 0 else {0: 1.0, 1: value}
        study.add_trial(
            optimist.trial.create_trial(
                state=state, value=value if state == TrialState.COMPLETE else None, intermediate_values=reports
            )
        )
    history = study.view()._history
    grown = ChosenRows()
    for n in range(1, 151):
        grown.advance(history, n)
    trials = study.trials
    complete = [
        t for t in trials if t.state == TrialState.COMPLETE and t.intermediate_values and math.isfinite(t.value)
    ]
    best = sorted(complete, key=lambda t: t.value)[:20]
    latest = [t for t in complete if t not in best][-20:]
    assert grown.now.complete == tuple(sorted(t.number for t in [*best, *latest]))
    pruned = [t.number for t in trials if t.state == TrialState.PRUNED and t.intermediate_values]
    assert grown.now.pruned == tuple(pruned[-48:])
    assert grown.now.best == best[0].value
    early = ChosenRows()
    finished = sorted([*pruned, *(t.number for t in complete)])
    early.advance(history, finished[last_fit(len(finished)) - 1] + 1)
    assert grown.at_fit == early.now


# Spaces that change


def changing(trial: optimist.Trial) -> float:
    """Parameters that come, go, and have other ranges; curves of any length, a value that is no number now and then.

    Half of the trials ask nothing: so the process is fitted after more trials have come than it is fitted on.
    """
    number = trial.number
    quality = trial.suggest_float("a", 0, 1)
    for i in range(number // 6 - number % 2):
        quality += 0.1 * trial.suggest_float(f"b{i}", 0, 1 + number % 2)
    if number % 3 == 0:
        quality += 0.1 * trial.suggest_categorical(f"c{number % 2}", [0, 1, 2])
    for step in range(1 + number % 4 * 4):
        trial.report(math.nan if (number + step) % 11 == 0 else quality + 1 / (step + 1), step)
        if number % 2 and trial.should_prune():
            raise optimist.TrialPruned
    return quality


@pytest.mark.parametrize("seed", range(3))
def test_spaces_may_change(seed: int) -> None:
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed), pruner=CurvePruner())
    study.optimize(changing, n_trials=60)
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE, TrialState.PRUNED}


def test_process_keeps_what_it_knows_of_hyperparameters_that_are_still_there() -> None:
    known = CurveProcess([1, 1, 4], 0.5, np.arange(10.0))
    over = known.over([3, 1, 1, 1], np.array([2, -1, 0, 1]))
    prior = CurveProcess([3, 1, 1, 1], 0.5).theta
    assert over.widths == (3, 1, 1, 1)
    assert over.growth == 0.5
    assert over.theta.tolist() == [*range(7), 9.0, prior[8], 7.0, 8.0]
    assert known.over([1, 1, 4], np.arange(3)).theta.tolist() == known.theta.tolist()
