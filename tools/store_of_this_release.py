"""Makes the store files that later releases have to read: a database, a journal, and what both say as JSON.

    python tools/store_of_this_release.py tests/unit/storages/released

Run it once for each release, and add what it writes. The files of earlier releases are never made again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import optimist
from optimist.distributions import distribution_to_json
from optimist.trial import TrialState

NAME = 'émile\'s "study" 🦜'


def objective(trial: optimist.Trial) -> float:
    """Some of everything that a store can hold."""
    x = trial.suggest_float("x", -1.0, 1.0)
    rate = trial.suggest_float("rate", 1e-6, 1.0, log=True, default=1e-3)
    n = trial.suggest_int("n", 1, 9, step=2)
    kind = trial.suggest_categorical("kind", ["a", None, 2, 0.5, True])
    if kind == "a":
        trial.suggest_int("depth", 1, 64, log=True)
    trial.set_user_attr("note", {"text": f"trial {trial.number} ✓", "list": [1, None, 2.5]})
    trial.set_constraint("weight", x - 0.5)
    for step in range(3):
        if trial.number == 7:
            trial.report({"loss": x * step, "seconds": float("inf")} if step else {"loss": 0.0, "größe": 1.5}, step)
            continue
        trial.report(float("nan") if trial.number == 4 and step == 1 else x * step, step)
    if trial.number == 5:
        raise optimist.TrialPruned
    if trial.number == 6:
        raise RuntimeError("out of memory")
    return x**2 + rate + n


def fill(url: str) -> None:
    """Make a study with trials of all kinds, and another one that is empty."""
    study = optimist.create_study(study_name=NAME, storage=url, sampler=optimist.samplers.RandomSampler(seed=1))
    study.set_user_attr("data", ["digits", 8])
    study.set_metric_names(["loss"])
    study.optimize(objective, n_trials=9, catch=RuntimeError)
    study.void(3, "measured on the wrong split")
    running = study.ask()
    running.suggest_float("x", -1.0, 1.0)
    running.report(0.25, 0)
    study.enqueue_trial({"x": 0.125}, user_attrs={"by": "hand"})
    optimist.create_study(study_name="two objectives", storage=url, directions=["minimize", "maximize"])
    study.ledger.storage.close()


def described(url: str) -> dict[str, Any]:
    """What a store says of its studies, times and ids left out."""
    studies = [optimist.load_study(study_name=name, storage=url) for name in optimist.get_all_study_names(url)]
    return {
        study.study_name: {
            "directions": [direction.name for direction in study.directions],
            "user_attrs": study.user_attrs,
            "metric_names": study.metric_names,
            "best": study.best_trial.number if len(study.directions) == 1 else None,
            "trials": [
                {
                    "state": trial.state.name,
                    "values": trial.values,
                    "params": trial.params,
                    "distributions": {k: distribution_to_json(v) for k, v in trial.distributions.items()},
                    "reports": {str(step): repr(value) for step, value in trial.intermediate_values.items()},
                    "metrics": {str(step): repr(row) for step, row in trial.intermediate_metrics.items()},
                    "user_attrs": trial.user_attrs,
                    "system_attrs": trial.system_attrs,
                    "void": trial.void_reason,
                    "has_times": [trial.datetime_start is not None, trial.datetime_complete is not None],
                }
                for trial in study.get_trials(deepcopy=False)
            ],
        }
        for study in studies
    }


def main() -> None:
    """Write the files."""
    directory = Path(sys.argv[1])
    stem = directory / optimist.__version__
    found = []
    for url in (f"sqlite:///{stem}.db", f"journal://{stem}.journal"):
        fill(url)
        found.append(described(url))
    assert found[0] == found[1]
    assert {trial["state"] for trial in found[0][NAME]["trials"]} == {state.name for state in TrialState}
    Path(f"{stem}.json").write_text(json.dumps(found[0], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
