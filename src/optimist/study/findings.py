"""What was found: the part of a study that only looks."""

from __future__ import annotations

import copy
from collections.abc import Collection, Container, Sequence
from typing import TYPE_CHECKING, Any, Final

from optimist.history.attributes import METRIC_NAMES_KEY
from optimist.history.collector import collector_paused
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.history.records import FrozenTrial
from optimist.history.view import View
from optimist.samplers.base import BaseSampler
from optimist.states import StudyDirection, TrialState
from optimist.study.defaults import default_trial_number
from optimist.study.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

    from optimist.analysis.comparison import StudyComparison
    from optimist.analysis.pruning_audit import PruningAudit
    from optimist.pruners.comparison import PrunerComparison
    from optimist.pruners.lineup import Candidate

_DATAFRAME_ATTRS: Final = (
    "number",
    "value",
    "datetime_start",
    "datetime_complete",
    "duration",
    "params",
    "user_attrs",
    "system_attrs",
    "state",
)


class Findings:
    """What a study says of its trials.

    Attributes:
        ledger: The history and the storage, kept in step.
        sampler: Proposes parameters.
        study_name: Its name, unique in the storage.
        constraint: What no proposal may break; None if all may be proposed.
    """

    ledger: Ledger
    sampler: BaseSampler
    study_name: str
    constraint: ParameterConstraint | None = None

    def _repr_html_(self) -> str:
        from optimist.study.notebook import study_html  # nobody but a notebook needs it

        return study_html(self)

    @property
    def direction(self) -> StudyDirection:
        """The direction of a study with one objective.

        Raises:
            RuntimeError: There are several objectives.
        """
        self._require_one_objective("direction", "directions")
        return self.ledger.record.directions[0]

    @property
    def directions(self) -> list[StudyDirection]:
        """One direction per objective."""
        return list(self.ledger.record.directions)

    @property
    def best_trial(self) -> FrozenTrial:
        """The best feasible complete trial of a study with one objective.

        Raises:
            RuntimeError: There are several objectives.
            ValueError: No trial is complete, or none of them is feasible.
        """
        self._require_one_objective("best_trial", "best_trials")
        self._sync_if_loaded()
        best = self.ledger.best_trial()
        if best is None:
            if self.count_trials()[TrialState.COMPLETE]:
                raise ValueError("No complete trial is feasible: each violates a constraint.")
            raise ValueError("No trials are completed yet.")
        return best

    @property
    def best_value(self) -> float:
        """The objective value of :attr:`best_trial`."""
        value = self.best_trial.value
        assert value is not None
        return value

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters of :attr:`best_trial`."""
        return self.best_trial.params

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The Pareto front: feasible complete trials that no other one dominates, by number."""
        self.ledger.sync()
        history = self.ledger.history
        with history.lock:
            numbers = sorted(int(history.number.data[row]) for row in View(history).front_rows())
            return [history.trial(number) for number in numbers]

    @property
    def default_trial(self) -> FrozenTrial | None:
        """The trial that tried the recommended values (``suggest_*(..., default=...)``); None if none has."""
        self.ledger.sync()
        number = default_trial_number(self.ledger.history)
        return None if number < 0 else self.ledger.history.trial(number)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials in order of their numbers, as copies."""
        return self.get_trials()

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """The trials in order of their numbers.

        Args:
            deepcopy: Return copies. Without, finished trials are shared with later calls: do not change them.
            states: Which states to return; None for all.
        """
        self.ledger.sync()
        trials = self.ledger.history.trials(states)
        if not deepcopy:
            return trials
        with collector_paused():
            return [copy.deepcopy(trial) for trial in trials]

    def count_trials(self) -> dict[TrialState, int]:
        """Number of trials by state, those of other workers included and voided ones left out."""
        self.ledger.sync()
        return {state: self.ledger.history.counts[state] for state in TrialState}

    @property
    def exhausted(self) -> bool:
        """Whether every cell of a finite search space was tried: complete, pruned, running or waiting.

        The space is that of the complete trials; False if it is infinite, if trials differ in their parameters, or
        before the first trial is complete. GridSampler and BruteForceSampler know their own space, and say when
        nothing is left of that.
        """
        self.ledger.sync()
        view = self.view()
        return not self.sampler.has_more(view) or view.is_exhausted

    @property
    def user_attrs(self) -> dict[str, Any]:
        """Notes of the user on the study, as a copy."""
        self.ledger.sync()
        return copy.deepcopy(self.ledger.history.user_attrs)

    @property
    def metric_names(self) -> list[str] | None:
        """Names of the objectives; None if they were not set."""
        self.ledger.sync()
        return self.ledger.history.system_attrs.get(METRIC_NAMES_KEY)

    def trials_dataframe(self, attrs: tuple[str, ...] = _DATAFRAME_ATTRS, multi_index: bool = False) -> pd.DataFrame:
        """The trials as a pandas data frame, one row per trial.

        Args:
            attrs: Which attributes of the trials become columns.
            multi_index: Whether columns have two levels, such as ("params", "x"), instead of "params_x".

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        from optimist.study.dataframe import trials_dataframe  # pandas is optional and slow to load

        return trials_dataframe(self, attrs, multi_index)

    def pruning_audit(self, *others: Findings) -> PruningAudit:
        """Say what pruning saved, how many trials it stopped that would have become the best, and where.

        That is estimated from the trials that ``AuditedPruner`` let go on.

        Args:
            others: Further studies of the same task, to be counted together with this one.

        Raises:
            ValueError: A study has several objectives.
        """
        from optimist.analysis.pruning_audit import audit_pruning  # numpy and scipy are loaded when they are needed

        studies = (self, *others)
        for study in studies:
            study.ledger.sync()
        return audit_pruning([(study.ledger.record.name, study.view()) for study in studies])

    def compare(
        self,
        *others: Findings,
        within: float = 0.01,
        best_known: float | None = None,
        in_any_order: Collection[str] = (),
        seed: int = 0,
    ) -> StudyComparison:
        """Compare this study with others of the same task: how good, and after how many trials close to the best known.

        Repeats of a setting are compared by ``optimist.analysis.compare_studies``, and drawn by
        ``optimist.visualization.plot_comparison``.

        Args:
            others: What to compare with.
            within: What is close: at most so much of the magnitude of the best known value away from it.
            best_known: The best value there is, if one knows; None: the best of all these studies.
            in_any_order: Names of studies whose order of trials is arbitrary, such as a grid: their chances are those over
                all orders, exactly.
            seed: For the bootstrap.

        Raises:
            ValueError: A study has several objectives, or some minimise and others maximise.
        """
        from optimist.analysis.comparison import compare_studies  # numpy and scipy are loaded when they are needed

        return compare_studies(
            [self, *others], within=within, best_known=best_known, in_any_order=in_any_order, seed=seed
        )

    def replay_pruners(
        self,
        candidates: Sequence[Candidate] | None = None,
        *,
        n_orders: int = 100,
        tolerance: float | None = None,
        most_leads_stopped: float = 0.05,
        seed: int = 0,
    ) -> PrunerComparison:
        """Say what each pruner would have saved and cost on the trials that ran to their end, and recommend one.

        They are run again in many random orders, from what they reported; nothing is trained. The recommended pruner makes
        the fewest steps of those that keep to two limits.

        Args:
            candidates: What to try; None for our own pruners, each with several warm-ups.
            n_orders: In how many orders.
            tolerance: The first limit: how much worse than without pruning the best value may be on average, in units of
                the metric. None takes a hundredth of the distance between the median final value and the best.
            most_leads_stopped: The second limit: the share of the trials that would have become the best of their time
                that may be stopped.
            seed: For the orders.

        Raises:
            RuntimeError: There are several objectives.
            ValueError: Fewer than two complete trials reported anything, or an argument is outside its range.
        """
        from optimist.pruners.comparison import compare_pruners  # numpy is loaded when it is needed
        from optimist.pruners.recording import Recording

        self._require_one_objective("replay_pruners", "one study for each of them")
        self.ledger.sync()
        view = self.view()
        return compare_pruners(
            Recording.of_view(view),
            candidates,
            n_orders=n_orders,
            tolerance=tolerance,
            most_leads_stopped=most_leads_stopped,
            seed=seed,
            n_left_out=view.count(TrialState.PRUNED),
        )

    def view(self, exclude: int = -1) -> View:
        """The history at this moment, without the open trial of number ``exclude``."""
        return View(self.ledger.history, exclude, parameter_constraint=self.constraint)

    def sync(self) -> None:
        """Take in what others committed."""
        self.ledger.sync()

    def _sync_if_loaded(self) -> None:
        if self.ledger.is_loaded:
            self.ledger.sync()

    def _require_one_objective(self, name: str, instead: str) -> None:
        if len(self.ledger.record.directions) > 1:
            raise RuntimeError(f"Study.{name} needs a single objective, but the study has several; use {instead}.")
