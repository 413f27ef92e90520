"""What to do next: the part of a study that tries things out and advises."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from optimist.exceptions import DuplicatedStudyError
from optimist.pruners.base import BasePruner
from optimist.pruners.nop import NopPruner
from optimist.samplers.base import BaseSampler
from optimist.samplers.random import RandomSampler
from optimist.storages.open import StorageLike, open_face
from optimist.study.findings import Findings
from optimist.study.plan import Objective

if TYPE_CHECKING:
    from optimist.analysis.confirmation import Confirmation
    from optimist.analysis.objective_check import ObjectiveCheck


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
        return Checker(self, self.pruner, scratch, objective, n_trials, workers, max_seconds).check()

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
