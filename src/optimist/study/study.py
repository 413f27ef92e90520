"""Study: a collection of trials that share an objective; the conductor of sampler, pruner, history and storage."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from typing import Any

from optimist.distributions import BaseDistribution, check_distribution_compatibility
from optimist.exceptions import ForbiddenParametersError, TrialNotFoundError, UpdateFinishedTrialError
from optimist.execution.executors import pool_of
from optimist.execution.loops import count_threads, count_workers
from optimist.history.attributes import FIXED_PARAMS_KEY, METRIC_NAMES_KEY
from optimist.history.draft import TrialChange
from optimist.history.history import change_of
from optimist.history.parameter_constraint import ParameterConstraint, Predicate
from optimist.history.records import FrozenTrial, create_trial
from optimist.logging import get_logger
from optimist.pruners.base import BasePruner
from optimist.pruners.curve import DEFAULT_SHARE, CurvePruner
from optimist.samplers.auto import AutoSampler
from optimist.samplers.base import BaseSampler
from optimist.states import TrialState
from optimist.storages.base import ANY_TERMS, Terms
from optimist.storages.open import StorageLike, open_face
from optimist.study.checkpoints import Checkpoints
from optimist.study.conductor import end_trial, is_exhaustible, propose
from optimist.study.constrained_trial import ConstrainedTrial
from optimist.study.crew_loop import CrewLoop
from optimist.study.defaults import tries_defaults
from optimist.study.dry_run import hand_over
from optimist.study.escort import Escort
from optimist.study.executor_loop import ExecutorLoop
from optimist.study.launched import escort_of
from optimist.study.ledgers import open_ledger
from optimist.study.limits import Limits
from optimist.study.live_trial import Trial
from optimist.study.lost_trials import LostTrials
from optimist.study.next_steps import NextSteps
from optimist.study.optimize import Loop
from optimist.study.outcome import outcome_of
from optimist.study.plan import Objective, Plan, check_exception_classes, check_executor, check_order, is_at_least
from optimist.study.progress import Progress
from optimist.study.promotions import Promotions, at_rung
from optimist.study.provenance import note_constraint, note_provenance

_logger = get_logger(__name__)

_OF_THIS_PROCESS = frozenset(
    ("in_loop", "is_stopping", "proposal_lock", "_optimize_lock", "lost_trials", "escort", "checkpoints", "promotions")
)
"""What a study has anew in each process that it goes to."""


class Study(NextSteps):
    """A collection of trials; made by :func:`create_study` or :func:`load_study`.

    Args:
        study_name: Name of a study in the storage.
        storage: A URL, a file name or a storage.
        sampler: Proposes parameters; AutoSampler by default.
        pruner: Stops hopeless trials early; CurvePruner by default.
        parameter_constraint: See :func:`create_study`.

    Attributes:
        study_name: Its name, unique in the storage.
        sampler, pruner: May be replaced between trials.
        keep_checkpoints: Whether the checkpoints of a trial outlive its completion. Those of trials that were pruned,
            failed or lost always do: they may yet be gone on with.
        ledger: The history and the storage, kept in step.
    """

    def __init__(
        self,
        study_name: str,
        storage: StorageLike,
        sampler: BaseSampler | None = None,
        pruner: BasePruner | None = None,
        parameter_constraint: Predicate | None = None,
    ) -> None:
        self._storage, opened = open_face(storage)
        self.study_name = study_name
        self.ledger = open_ledger(opened, opened.load_study(study_name))
        self.sampler: BaseSampler = AutoSampler() if sampler is None else sampler
        if pruner is None:  # with a seed the clock plays no part
            pruner = CurvePruner(max_share=None if self.sampler.is_seeded else DEFAULT_SHARE)
        self.pruner: BasePruner = pruner
        self.keep_checkpoints = False
        self.parameter_constraint = parameter_constraint
        self._begin_here()

    @property
    def parameter_constraint(self) -> Predicate | None:
        """The rule that no proposal breaks, see :func:`create_study`; may be replaced between trials."""
        return None if self.constraint is None else self.constraint.predicate

    @parameter_constraint.setter
    def parameter_constraint(self, predicate: Predicate | None) -> None:
        self.constraint = None if predicate is None else ParameterConstraint(predicate)

    def _begin_here(self) -> None:
        """Make what belongs to this process."""
        self.is_stopping = False
        self.in_loop = threading.local()
        self.proposal_lock = threading.RLock()
        self._optimize_lock = threading.Lock()
        self.lost_trials = LostTrials(self)
        self.escort: Escort = escort_of(self)
        self.checkpoints = Checkpoints(self)
        self.promotions = Promotions(self)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in _OF_THIS_PROCESS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin_here()

    @property
    def _study_id(self) -> int:
        return self.ledger.record.study_id

    # Running trials

    def optimize(
        self,
        func: Objective,
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: Iterable[type[Exception]] | type[Exception] = (),
        callbacks: Iterable[Callable[[Study, FrozenTrial], None]] | None = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
        *,
        target: float | None = None,
        total_trials: int | None = None,
        workers: int | None = None,
        trial_timeout: float | None = None,
        trial_memory: float | str | None = None,
        deterministic: bool | int = False,
        executor: Executor | Any = None,
    ) -> None:
        """Run trials of an objective.

        Args:
            func: Takes a trial, returns its value, or one value per objective.
            n_trials: Number of trials to run in this call; None: until ``timeout``, ``target`` or :meth:`stop`.
            timeout: Start no trial after so many seconds.
            n_jobs: Number of threads; -1 for one per processor.
            catch: Exceptions that fail their trial but let the study go on.
            callbacks: Called after each trial with the study and the finished trial.
            gc_after_trial: Collect garbage after each trial.
            show_progress_bar: Show a live progress bar.
            target: Stop when a complete trial is at least as good as this value.
            total_trials: Stop when the study has had so many trials, whoever ran them; workers that say the same number
                meet it exactly. Trials of lost workers do not count, their retries do; nor do promotions.
            workers: Number of processes that run the trials, -1 for one per processor; None: this process runs them.
                The objective goes to them by cloudpickle; ``callbacks`` and the progress bar stay here. A trial whose
                process dies is run again. With an executor: the number of trials that run at a time.
            trial_timeout: A trial that takes more than so many seconds fails, and the study goes on; implies
                ``workers=1`` if none are asked for.
            trial_memory: A trial whose process holds more memory fails likewise; in bytes, or text such as "2GB".
            deterministic: A number N: trial k is proposed, and pruned, by what the trials up to k - N gave, and by
                nothing else, so that the same seed gives the same trials whoever is faster. It waits for these. All
                workers say the same N, at least as many as they are. True: the number of threads or processes.
            executor: Where trials run: an executor of ``concurrent.futures``, a Dask client, or the module ``ray`` (or
                :class:`optimist.execution.RayExecutor`). This process proposes and tells; as many trials run at a time
                as the executor has slots, which may change meanwhile. A trial whose node is lost is run again.

        Raises:
            RuntimeError: Called inside an objective or a callback of this study.
            TypeError: ``executor`` is none.
            ValueError: ``n_jobs`` is neither positive nor -1, ``workers`` likewise, both are given, or ``target`` is
                given for several objectives, or ``deterministic`` is negative or comes with a sampler that has no
                seed, or with a pruner that promotes trials. Or ``executor`` comes with ``n_jobs``, with
                ``deterministic``, or with limits, or does not tell how many slots it has.
            WorkerError: A worker process raised what ``catch`` does not name, or they die again and again.
        """
        if not callable(func):
            raise TypeError(f"The objective must be callable with a trial, but got {func!r}.")
        hand_over(self, func, n_trials if total_trials is None else total_trials, workers)
        catch = tuple(catch) if isinstance(catch, Iterable) else (catch,)
        check_exception_classes(catch)
        limits = Limits.of(trial_timeout, trial_memory)
        if executor is not None:
            check_executor(n_jobs, has_limits=bool(limits), is_deterministic=bool(deterministic))
            workers = None if workers == -1 else workers  # all that it has
        n_threads = count_threads(n_jobs)
        n_workers = count_workers(workers, n_jobs) if workers is not None or limits else 0
        pool = None if executor is None else pool_of(executor)
        lag = max(n_threads, n_workers) if deterministic is True else int(deterministic)
        check_order(lag, self.sampler, self.pruner)
        if getattr(self.in_loop, "is_set", False) or not self._optimize_lock.acquire(blocking=False):
            raise RuntimeError("Study.optimize() cannot be called inside an objective or a callback of the same study.")
        try:
            if target is not None and self._meets(target):
                return
            self.is_stopping = False
            note_provenance(self.ledger, self.sampler, self.pruner)
            note_constraint(self.ledger, self.constraint)
            self.ledger.wants_news = (
                self.sampler.reads_history
                or bool(callbacks)
                or show_progress_bar
                or _logger.isEnabledFor(logging.INFO)  # which tells the best of all
            )
            with Progress(n_trials, timeout) if show_progress_bar else nullcontext() as bar:
                plan = Plan(
                    func,
                    n_trials=float("inf") if n_trials is None else n_trials,
                    timeout_s=float("inf") if timeout is None else timeout,
                    catch=catch,
                    callbacks=list(callbacks or ()),
                    gc_after_trial=gc_after_trial,
                    target=target,
                    terms=Terms(self.ledger.storage.leases.length_s, total_trials, is_exhaustible(self.sampler)),
                    progress=bar,
                )
                if pool is not None:
                    ExecutorLoop(self, plan, pool, n_workers or None).run()
                elif n_workers:
                    CrewLoop(self, plan, limits, lag).run(n_workers)
                else:
                    with self.ledger.working(self.lost_trials.reclaim):
                        Loop(self, plan, lag).run(n_threads)
        finally:
            self.in_loop.is_set = False
            self._optimize_lock.release()

    def _meets(self, target: float) -> bool:
        """Whether there is a trial as good as that."""
        self._require_one_objective("optimize(target=...)", "a callback that calls stop()")
        best = self.ledger.best_trial()
        if best is None or not is_at_least(best.values[0], target, self.direction):  # type: ignore[index]
            return False
        _logger.info("Trial %d meets the target %s already.", best.number, target)
        return True

    def ask(self, fixed_distributions: dict[str, BaseDistribution] | None = None) -> Trial:
        """Start a trial, to be ended with :meth:`tell`.

        Args:
            fixed_distributions: Parameters to suggest at once, by name; others may be suggested later. If that fails,
                so does the trial.
        """
        trial = propose(self, self.promotions.begin(ANY_TERMS) or self.ledger.begin(), writes_through=True)
        if isinstance(trial, ConstrainedTrial):
            trial.expected = fixed_distributions or {}
        try:
            for name, distribution in (fixed_distributions or {}).items():
                trial.suggest(name, distribution)
        except BaseException:
            self.ledger.finish(trial.draft, TrialState.FAIL, None)  # nobody else could ever tell it
            raise
        return trial

    def tell(
        self,
        trial: Trial | int,
        values: float | Sequence[float] | None = None,
        state: TrialState | None = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """End a trial.

        Args:
            trial: What :meth:`ask` returned, or its number.
            values: The objective value, or one per objective.
            state: COMPLETE, PRUNED or FAIL. None: COMPLETE if the values are acceptable, else FAIL; with a
                :class:`PromotionPruner`, PRUNED at a budget that is not the largest.
            skip_if_finished: Return a trial that is finished already, instead of raising.

        Raises:
            TypeError: ``trial`` is neither a trial nor a number.
            ValueError: No such trial, it is not running, or ``state`` contradicts ``values``.
        """
        if not isinstance(trial, (Trial, int)):
            raise TypeError(f"tell() takes a trial or its number, but got {trial!r}.")
        number = trial if isinstance(trial, int) else trial.number
        draft = self.ledger.open(number)
        if draft is None:
            try:
                finished = self.ledger.history.trial(number)
            except KeyError:
                raise ValueError(f"There is no trial {number} to tell: ask() has not made it.") from None
            if skip_if_finished:
                return finished
            raise ValueError(f"Trial {number} is {finished.state.name} already; it is told once.")
        if draft.state != TrialState.RUNNING:
            raise ValueError(f"Trial {number} is {draft.state.name}; only a running trial can be told.")
        outcome = outcome_of(draft, values, state, len(self.ledger.record.directions), self.ledger.history.system_attrs)
        if outcome.problem:
            warnings.warn(f"Trial {number} fails. {outcome.problem}", stacklevel=2)
        try:
            if state is None:
                outcome = at_rung(self, draft, outcome)
            told = trial if isinstance(trial, Trial) else None
            recommended, confidence = (told.recommended, told.confidence) if told else ({}, {})
            end_trial(self, draft, outcome, recommended, confidence=confidence)
        except UpdateFinishedTrialError:
            if not skip_if_finished:
                raise ValueError(f"Trial {number} was told by another worker meanwhile; it is told once.") from None
            self.ledger.sync()
        return self.ledger.history.trial(number)

    def stop(self) -> None:
        """End the running :meth:`optimize` after the trials in flight; call it in an objective or a callback.

        Raises:
            RuntimeError: Called elsewhere.
        """
        if not getattr(self.in_loop, "is_set", False):
            raise RuntimeError("Study.stop() is for objectives and callbacks: it ends the optimize() that runs them.")
        self.is_stopping = True
        self.escort.stopped()

    def enqueue_trial(
        self, params: dict[str, Any], user_attrs: dict[str, Any] | None = None, skip_if_exists: bool = False
    ) -> None:
        """Queue parameters to be tried next; what they leave open is sampled.

        Args:
            params: Values by parameter name.
            user_attrs: Notes to keep with the trial.
            skip_if_exists: Do nothing if a trial with these parameters exists or waits.

        Raises:
            TypeError: ``params`` is not a dictionary.
            ForbiddenParametersError: The study's ``parameter_constraint`` forbids them; it is a ValueError. Nothing is queued.
        """
        if not isinstance(params, dict):
            raise TypeError(f"enqueue_trial() takes a dictionary of parameters, but got {params!r}.")
        if self.constraint is not None and self.constraint.judge(params) is False:
            raise ForbiddenParametersError(
                f"enqueue_trial() got parameters that the study's parameter_constraint forbids: {params!r}. They are not queued."
            )
        if skip_if_exists and self._has_trial_with(params):
            _logger.info("A trial with the parameters %s exists; it is not queued again.", params)
            return
        self.add_trial(
            create_trial(state=TrialState.WAITING, system_attrs={FIXED_PARAMS_KEY: dict(params)}, user_attrs=user_attrs)
        )

    def add_trial(self, trial: FrozenTrial) -> None:
        """Add a trial made by :func:`create_trial`, or taken from another study; it gets a new number.

        Raises:
            ValueError: The trial contradicts itself, has another number of values than the study has objectives, or a
                parameter of another kind than in the trials before.
        """
        self.add_trials([trial])

    def add_trials(self, trials: Iterable[FrozenTrial]) -> None:
        """Add several trials in one commit; see :meth:`add_trial`."""
        changes: list[TrialChange] = []
        for trial in trials:
            trial._validate()
            n_objectives = len(self.ledger.record.directions)
            if trial.values is not None and len(trial.values) != n_objectives:
                raise ValueError(
                    f"The study has {n_objectives} objective(s), but the trial has {len(trial.values)} value(s)."
                )
            changes.append(change_of(trial))
        if changes:
            self._check_kinds(changes)
            self.ledger.add_trials(changes)

    def void(self, trial: Trial | FrozenTrial | int, reason: str) -> None:
        """Let a finished trial count for nothing any more, say because its measurement turned out to be wrong.

        It keeps its number, state and values, and stays in :attr:`trials` with the reason as
        ``FrozenTrial.void_reason``. But samplers and pruners do not see it, it is never the best, its place in
        ``total_trials`` is free again, and the defaults are tried again if it was the one that tried them. This cannot
        be taken back. A trial that is void keeps its first reason.

        Args:
            trial: A trial, or its number.
            reason: For those who wonder later; at most 512 characters.

        Raises:
            TrialNotFoundError: There is no trial of this number; it is a KeyError.
            TrialNotFinishedError: The trial waits or runs; it is a ValueError.
            ValueError: There is no reason, or it is too long.
        """
        if not isinstance(trial, (Trial, FrozenTrial, int)):
            raise TypeError(f"void() takes a trial or its number, but got {trial!r}.")
        if not isinstance(reason, str):
            raise TypeError(f"void() takes the reason as text, but got {reason!r}.")
        if not reason.strip():
            raise ValueError("void() needs a reason, for those who wonder later why the trial does not count.")
        number = trial if isinstance(trial, int) else trial.number
        if not self.ledger.void(number, reason):
            first = self.ledger.history.voided[number].void_reason
            _logger.info("Trial %d is void already, and keeps its first reason: %s", number, first)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a JSON-serialisable note with the study."""
        self.ledger.set_study_attr(key, value, is_system=False)

    def set_metric_names(self, metric_names: list[str]) -> None:
        """Name the objectives.

        Raises:
            ValueError: There is not one name per objective.
        """
        n_objectives = len(self.ledger.record.directions)
        if len(metric_names) != n_objectives:
            raise ValueError(f"The study has {n_objectives} objective(s), but {len(metric_names)} name(s) came.")
        self.ledger.set_study_attr(METRIC_NAMES_KEY, list(metric_names), is_system=True)

    # For samplers, pruners, trials and the loop

    def tries_defaults(self, number: int) -> bool:
        """Whether a trial of this number that starts now shall try the recommended values."""
        return tries_defaults(self.ledger.history, number)

    def set_trial_system_attr(self, number: int, key: str, value: Any) -> None:
        """Keep a note of an algorithm with an open trial."""
        draft = self.ledger.history.drafts.get(number)
        if draft is None:
            raise TrialNotFoundError(f"Trial {number} is not running.")
        self.ledger.set_trial_attr(draft, key, value, is_system=True)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on the study too."""
        return self.ledger.is_shared

    def publish(self, number: int) -> None:
        """Commit what is pending of an open trial, then take in what others committed.

        Of two workers that do this one after noting something, at least one sees the note of the other.
        """
        draft = self.ledger.history.drafts.get(number)
        if draft is not None:
            self.ledger.flush(draft)
        self.ledger.sync()

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep a note of an algorithm with the study."""
        self.ledger.set_study_attr(key, value, is_system=True)

    def give_up(self, number: int, *, always_retry: bool = False) -> bool:
        """End a running trial whose worker is known to be gone, and queue it again; False if it is not running.

        Args:
            number: The trial.
            always_retry: However often it was queued again before: its worker was asked to end, and did not fail.
        """
        return self.lost_trials.give_up(number, always_retry=always_retry)

    def _check_kinds(self, changes: list[TrialChange]) -> None:
        params = [(name, distribution) for change in changes for name, distribution, _ in change.params]
        if params:
            self.ledger.sync()
        kinds: dict[str, BaseDistribution] = {}
        for name, distribution in params:
            first = self.ledger.history.tree.kind(name) or kinds.setdefault(name, distribution)
            check_distribution_compatibility(first, distribution)

    def _has_trial_with(self, params: dict[str, Any]) -> bool:
        for trial in self.get_trials(deepcopy=False):
            if trial.void_reason is not None:
                continue
            tried = trial.system_attrs.get(FIXED_PARAMS_KEY, trial.params)
            if _same_params(tried, params):
                return True
        return False


def _same_params(tried: dict[str, Any], params: dict[str, Any]) -> bool:
    if tried.keys() != params.keys():
        return False
    return all(
        value == params[name] or (value != value and params[name] != params[name]) for name, value in tried.items()
    )
