"""What a report tells of a study: its numbers, read once, all at the same moment."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimist.analysis.pruning_audit import PruningAudit
from optimist.history.attributes import DEFAULTS_KEY, PROVENANCE_KEY
from optimist.history.records import FrozenTrial
from optimist.importance import get_param_importances_with_uncertainty
from optimist.importance.estimates import ImportanceEstimate
from optimist.states import StudyDirection, TrialState
from optimist.study.study import Study
from optimist.visualization.data.trials import Trials, read_trials


@dataclass(frozen=True)
class Findings:
    """A study, read.

    Attributes:
        study: Itself.
        trials: Its trials in columns.
        objectives: The name of each: its metric name, or "value", "value 0", ...
        front: The best trial, or the trials of the Pareto front; empty if there is none.
        default: The trial of the recommended values; None if there is none.
        recommended: These values by parameter, as far as they are known.
        importances: By parameter, the largest first; empty if there are too few trials to tell.
        audit: What pruning saved and cost; None with several objectives.
        provenance: Notes of how the trials came to be.
        n_reporting: How many trials reported intermediate values.
        n_voided: How many trials were voided.
    """

    study: Study
    trials: Trials
    objectives: tuple[str, ...]
    front: tuple[FrozenTrial, ...]
    default: FrozenTrial | None
    recommended: dict[str, Any]
    importances: dict[str, ImportanceEstimate]
    audit: PruningAudit | None
    provenance: list[dict[str, Any]]
    n_reporting: int
    n_voided: int

    @property
    def has_one_objective(self) -> bool:
        """Whether there is a best trial rather than a front."""
        return len(self.objectives) == 1

    @property
    def best(self) -> FrozenTrial | None:
        """The best trial of a study with one objective; None if there is none."""
        return self.front[0] if self.front and self.has_one_objective else None

    @property
    def is_maximized(self) -> bool:
        """Whether the first objective is maximised."""
        return self.trials.directions[0] == StudyDirection.MAXIMIZE

    @property
    def n_usable(self) -> int:
        """How many complete trials have finite values."""
        return int((self.trials.is_complete & np.isfinite(self.trials.values).all(axis=1)).sum())

    @property
    def n_infeasible(self) -> int:
        """How many complete trials violate a constraint."""
        return int((self.trials.is_complete & ~self.trials.is_feasible).sum())

    def n_of(self, state: TrialState) -> int:
        """How many trials are in a state."""
        return int(self.trials.has_state(state).sum())

    @property
    def seconds(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(n,) how long each trial took; NaN where it is not known."""
        t = self.trials
        is_known = (t.started_us >= 0) & (t.completed_us >= 0)
        return np.where(is_known, (t.completed_us - t.started_us) / 1e6, np.nan)

    @property
    def span_s(self) -> float:
        """From the first start to the last end; NaN if that is not known."""
        started = self.trials.started_us[self.trials.started_us >= 0]
        ended = self.trials.completed_us[self.trials.completed_us >= 0]
        return float(ended.max() - started.min()) / 1e6 if len(started) and len(ended) else math.nan

    @property
    def top_params(self) -> list[str]:
        """Parameters, the most important first; alphabetically where that is not known."""
        return [*self.importances, *(name for name in self.trials.params if name not in self.importances)]


def read_findings(study: Study) -> Findings:
    """Look at a study once."""
    trials = read_trials(study)
    n = len(trials.directions)
    metric_names = trials.metric_names or (("value",) if n == 1 else tuple(f"value {i}" for i in range(n)))
    history = study.ledger.history
    best = study.ledger.best_trial() if n == 1 else None
    default = study.default_trial
    recommended = dict(history.system_attrs.get(DEFAULTS_KEY) or {})
    view = study.view()
    return Findings(
        study=study,
        trials=trials,
        objectives=metric_names,
        front=(() if best is None else (best,)) if n == 1 else tuple(study.best_trials),
        default=default,
        recommended=recommended or (dict(default.params) if default is not None else {}),
        importances=_importances(study, trials),
        audit=study.pruning_audit() if n == 1 else None,
        provenance=list(history.system_attrs.get(PROVENANCE_KEY) or []),
        n_reporting=int((view.n_reports > 0).sum()),
        n_voided=len(history.voided),
    )


def _importances(study: Study, trials: Trials) -> dict[str, ImportanceEstimate]:
    is_usable = trials.is_complete & np.isfinite(trials.values).all(axis=1)
    if is_usable.sum() < 2 or not any(bool((param.has & is_usable).any()) for param in trials.params.values()):
        return {}
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        found = get_param_importances_with_uncertainty(study, seed=0)
    return {} if doubts else found  # the evaluator doubts that it can tell
