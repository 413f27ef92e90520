"""Studies that have a history already: making them, reading them in a fresh process, and pruning beside them."""

from __future__ import annotations

import datetime
import json
import random
import time
from collections.abc import Iterator
from typing import Any, Final

from homes import open_optuna
from interleave import Figures
from storage_runs import make_study

N_PARAMS: Final = 10
N_STEPS: Final = 5
_BATCH: Final = 1000


def fill(contender: str, url: str, name: str, n_trials: int) -> Figures:
    """Make a study of complete trials with ten parameters and five intermediate values; seconds it took."""
    make_study(contender, url, name)
    begin = time.perf_counter()
    if contender == "optimist":
        import optimist

        study = optimist.load_study(study_name=name, storage=url)
        study.add_trials(_trials(optimist, n_trials))
    elif url.startswith("journal://"):
        import optuna

        optuna.load_study(study_name=name, storage=open_optuna(url)).add_trials(_trials(optuna, n_trials))
    else:
        _fill_tables(url, name, n_trials)
    return {"s": time.perf_counter() - begin}


def _trials(library: Any, n_trials: int) -> Iterator[Any]:
    distribution = library.distributions.FloatDistribution(-5, 5)
    for params, values in _numbers(n_trials):
        yield library.trial.create_trial(
            params=params,
            distributions=dict.fromkeys(params, distribution),
            value=values[-1],
            intermediate_values=dict(enumerate(values)),
        )


def _numbers(n_trials: int) -> Iterator[tuple[dict[str, float], list[float]]]:
    rng = random.Random(1)
    for _ in range(n_trials):
        params = {f"x{i}": rng.uniform(-5, 5) for i in range(N_PARAMS)}
        yield params, [rng.uniform(0, 1) + 1 / (step + 1) for step in range(N_STEPS)]


def _fill_tables(url: str, name: str, n_trials: int) -> None:
    """Write Optuna's rows directly: through its own methods it would take minutes."""
    from optuna.distributions import FloatDistribution, distribution_to_json
    from optuna.storages._rdb import models
    from optuna.trial import TrialState
    from sqlalchemy import func, insert, select

    storage = open_optuna(url)
    study_id = storage.get_study_id_from_name(name)
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    times = {"datetime_start": now, "datetime_complete": now}
    shape = distribution_to_json(FloatDistribution(-5, 5))
    finite = models.TrialValueModel.TrialValueType.FINITE
    finite_step = models.TrialIntermediateValueModel.TrialIntermediateValueType.FINITE
    tables = {kind: kind.__table__ for kind in vars(models).values() if hasattr(kind, "__table__")}
    trials, params = tables[models.TrialModel], tables[models.TrialParamModel]
    values, steps = tables[models.TrialValueModel], tables[models.TrialIntermediateValueModel]
    with storage.engine.begin() as connection:
        first_id = (connection.execute(select(func.max(trials.c.trial_id))).scalar() or 0) + 1
        rows: dict[Any, list[dict[str, Any]]] = {trials: [], params: [], values: [], steps: []}
        for i, (point, curve) in enumerate(_numbers(n_trials)):
            key = {"trial_id": first_id + i}
            rows[trials].append({**key, "number": i, "study_id": study_id, "state": TrialState.COMPLETE, **times})
            rows[params] += [
                {**key, "param_name": x, "param_value": value, "distribution_json": shape} for x, value in point.items()
            ]
            rows[values].append({**key, "objective": 0, "value": curve[-1], "value_type": finite})
            rows[steps] += [
                {**key, "step": step, "intermediate_value": value, "intermediate_value_type": finite_step}
                for step, value in enumerate(curve)
            ]
        for table, found in rows.items():
            for start in range(0, len(found), _BATCH):
                connection.execute(insert(table), found[start : start + _BATCH])


def time_reading(contender: str, url: str, name: str, small: str) -> Figures:
    """Seconds from a study's name to ``best_value``, and to ``trials``.

    Args:
        contender: "optimist" or "optuna".
        url: The storage.
        name: The study.
        small: A study without trials; reading it first loads whatever is imported late.
    """
    read(contender, url, small, "trials")
    begin = time.perf_counter()
    read(contender, url, name, "best_value")
    between = time.perf_counter()
    trials = read(contender, url, name, "trials")
    end = time.perf_counter()
    assert json.dumps(trials[-1].params)
    return {"best_value_s": between - begin, "trials_s": end - between, "n_trials": len(trials)}


def read(contender: str, url: str, name: str, attribute: str) -> Any:
    """Ask a study that is opened anew for one of its attributes."""
    if contender == "optimist":
        import optimist

        return getattr(optimist.load_study(study_name=name, storage=url), attribute)
    import optuna

    return getattr(optuna.load_study(study_name=name, storage=open_optuna(url)), attribute)


def time_pruning(url: str, name: str, n_trials: int) -> Figures:
    """CPU of this process for a call of ``should_prune``, with the median rule, in a study that has a history.

    All threads of the process count, and what is taken in from others on the way.
    """
    import optimist

    optimist.logging.set_verbosity(optimist.logging.WARNING)
    study = optimist.load_study(
        study_name=name,
        storage=url,
        sampler=optimist.samplers.RandomSampler(seed=1),
        pruner=optimist.pruners.MedianPruner(),
    )
    spent: list[float] = []

    def objective(trial: Any) -> float:
        total = float(sum(trial.suggest_float(f"x{i}", -5, 5) ** 2 for i in range(N_PARAMS)))
        for step in range(N_STEPS):
            trial.report(total / (step + 1), step)
            begin = time.process_time()
            trial.should_prune()
            spent.append(time.process_time() - begin)
        return total

    study.optimize(objective, n_trials=n_trials)
    spent = spent[N_STEPS:]  # the first trial pays for what is read late
    return {"should_prune_us": sum(spent) / len(spent) * 1e6}
