"""What to do next: the part of a study that tries things out and advises."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from optimist.exceptions import DuplicatedStudyError
from optimist.history.attributes import FOCUS_KEY
from optimist.history.focusing import to_record
from optimist.pruners.base import BasePruner
from optimist.pruners.nop import NopPruner
from optimist.samplers.base import BaseSampler
from optimist.samplers.focused import FocusedSampler
from optimist.samplers.random import RandomSampler
from optimist.storages.open import StorageLike, open_face
from optimist.study.findings import Findings
from optimist.study.plan import Objective

if TYPE_CHECKING:
    from optimist.analysis.confirmation import Confirmation
    from optimist.analysis.focus_report import FocusReport
    from optimist.analysis.objective_check import ObjectiveCheck
    from optimist.history.protocols import StudyLike


class NextSteps(Findings):
    """What a study advises."""

    _storage: Any
    pruner: BasePruner

    def check(
        self,
        objective: Objective,
        n_trials: int | None = None,
        *,
        workers: int | None = None,
        max_seconds: float = 30.0,
    ) -> ObjectiveCheck:
        """Run an objective a few times before the search begins, and say what should be changed.

        It runs on a study in memory that is thrown away; this one gets no trial. The first run takes the recommended
        values and is never pruned. While time is left it is repeated, which shows whether the objective is deterministic;
        if so, each parameter is changed alone, at most twice, which shows whether it does anything. A parameter of which
        nothing shows may still matter elsewhere: all other parameters stay as in the first run.

        Found are: failures; log scales that are missing (a range with low > 0 and a factor of 100 or more); parameters
        without effect, with one value only, or suggested twice with different ranges; a pruner without reports, or reports
        without ``should_prune()``; NaN; values that cannot be; kinds of parameters that contradict the trials that are
        there; objectives that cannot go to worker processes; how long a trial takes, when all will be done, and how
        much memory is held.

        Args:
            objective: As for :meth:`optimize`.
            n_trials: How many trials are planned.
            workers: By how many processes, -1 for one per processor.
            max_seconds: After so many seconds no run begins. The first one takes as long as it takes.
        """
        from optimist.storages.face import InMemoryStorage
        from optimist.study.checking import Checker

        if not callable(objective):
            raise TypeError(f"The objective must be callable with a trial, but got {objective!r}.")
        self._sync_if_loaded()
        scratch = self._open_beside(f"{self.study_name}: check", InMemoryStorage(), RandomSampler(seed=0), NopPruner())
        scratch.constraint = self.constraint
        return Checker(self, self.pruner, scratch, objective, n_trials, workers, max_seconds).check()

    def focus(self, budget: int | None = None) -> FocusReport:
        """Put the rest of the budget where it counts: fix what does not matter, and narrow what does.

        By importances with their uncertainty (PED-ANOVA) and the best fifth of the trials, at least eight:

        - A parameter is fixed at the value of the best trial where its importance is surely less than half of an equal
          share, where it is one of choices and all good trials agree, or where the budget is too small for it: below
          five trials for each parameter that is searched, the least important ones go.
        - The range of another one is narrowed to that of the good trials with a margin, if that leaves less than 70%.

        :meth:`optimize` goes on there, in all workers: the focus is kept with the study, and this study's sampler is put
        into a :class:`FocusedSampler`. Every tenth trial is a probe, with one of the restricted parameters outside; a trial
        that becomes the best by a value outside takes the restriction of that parameter back. Narrowed ranges grow where
        the best trial comes near their border. What objectives suggest, and what trials record, are the ranges as they
        were. Called again, it decides anew; earlier focuses stay in the study's attributes.

        Args:
            budget: How many trials are left; None if that is open.

        Raises:
            RuntimeError: There are several objectives.
            ValueError: Fewer than 20 trials are complete, the budget is below 1, or the sampler is an exhaustive one.
        """
        from optimist.samplers.brute_force import BruteForceSampler
        from optimist.samplers.grid import GridSampler
        from optimist.study.focusing import decide, report_of  # loads numpy

        self._require_one_objective("focus", "a study for each of them")
        if budget is not None and budget < 1:
            raise ValueError(f"focus(budget=...) takes a number of trials of at least 1, or None, but got {budget!r}.")
        if isinstance(self.sampler, (GridSampler, BruteForceSampler)):
            raise ValueError(  # noqa: TRY004  what is asked is wrong of this study, not a type of an argument
                f"{self.sampler} tries a list of points to its end, which a focus would cut. Use another sampler, such as "
                "TPESampler."
            )
        self.ledger.sync()
        seen = cast("StudyLike", self)
        restrictions, notes = decide(seen, budget)
        record = {**to_record(self.view().n_trials, budget, tuple(restrictions)), "notes": notes}
        earlier = self.ledger.history.system_attrs.get(FOCUS_KEY, [])
        self.ledger.set_study_attr(FOCUS_KEY, [*earlier, record], is_system=True)
        if not isinstance(self.sampler, FocusedSampler):
            self.sampler = FocusedSampler(self.sampler)
        report = report_of(seen)
        assert report is not None
        return report

    @property
    def focused(self) -> FocusReport | None:
        """The present focus, with what its probes have shown so far; None if :meth:`focus` was never called."""
        from optimist.study.focusing import report_of  # loads numpy

        self.ledger.sync()
        return report_of(cast("StudyLike", self)) if FOCUS_KEY in self.ledger.history.system_attrs else None

    def confirm(
        self,
        objective: Objective,
        k: int = 5,
        seeds: int | Sequence[int] = 3,
        *,
        n_jobs: int = 1,
        workers: int | None = None,
        catch: Iterable[type[Exception]] | type[Exception] = (),
    ) -> Confirmation:
        """Measure the best trials and the defaults again, and say which of them wins, and how sure that is.

        The best of many noisy values is good by luck in part. So this runs the objective again for the ``k`` best trials
        and for the recommended values, once for each seed, without pruning, and compares them seed by seed. The runs
        stand in a study of their own in the same storage, named as this one with ": confirmation" after it; the history
        of this one, and so the search, is left as it is.

        The objective learns its seed by ``trial.user_attrs.get("seed", 0)``, which gives 0 in the search. What it does
        with it is up to it: initial weights, order of the data, or another fold.

        Runs that the other study holds already are not made again, so that an interrupted confirmation goes on, and one
        with more seeds adds to it. Delete that study to measure anew, say for another objective.

        Args:
            objective: As for :meth:`optimize`.
            k: How many of the best trials, with different parameters.
            seeds: How often each is measured, with the seeds 1 to this; or the seeds.
            n_jobs: Number of threads.
            workers: Number of processes; see :meth:`optimize`.
            catch: Exceptions that fail their run but let the rest go on. A trial with failed runs cannot win.

        Raises:
            RuntimeError: There are several objectives.
            ValueError: No feasible trial is complete, or an argument is outside its range.
        """
        from optimist.study.confirming import confirm, contenders, read_seeds  # loads numpy

        self._require_one_objective("confirm", "confirm each on its own")
        numbers = read_seeds(seeds)
        trials = contenders(self, k)
        runs = self._open_beside(f"{self.study_name}: confirmation", self._storage, RandomSampler(seed=0), NopPruner())
        return confirm(
            self,
            runs,
            trials,
            numbers,
            lambda n: runs.optimize(objective, n_trials=n, n_jobs=n_jobs, workers=workers, catch=catch),
        )

    def _open_beside(self, study_name: str, storage: StorageLike, sampler: BaseSampler, pruner: BasePruner) -> Any:
        """Open another study, and make it if there is none, with the directions of this one."""
        face, opened = open_face(storage)
        with contextlib.suppress(DuplicatedStudyError):
            opened.create_study(study_name, self.directions)
        return cast("Any", type(self))(study_name, face, sampler, pruner)
