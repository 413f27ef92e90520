"""Every error and warning that Optimist raises of its own accord.

    Exception
    └── OptimistError  (alias OptunaError)
        ├── TrialPruned                              a trial stops early; not a failure
        ├── InvalidSpaceError         (ValueError)   a range, a step or a list of choices makes no sense
        │   └── InvalidSpaceTypeError (TypeError)    ... because something is of the wrong type
        ├── ForbiddenParametersError  (ValueError)   a given value breaks the study's parameter_constraint
        │   └── DeadEndError                         ... which allows no value of the next parameter either
        ├── StudyNotFoundError        (KeyError)     no study of that name or id in the storage
        ├── TrialNotFoundError        (KeyError)     no trial of that number or id in the study
        ├── DuplicatedStudyError                     a study of that name exists already
        ├── TrialNotFinishedError     (ValueError)   only a finished trial can be voided
        ├── UpdateFinishedTrialError  (RuntimeError) a finished trial is never edited
        │   └── LeaseLostError                       ... because its worker was given up as lost
        ├── BudgetSpentError                         a study has all the trials that it was to have
        ├── StorageInternalError                     the database or file behind a study failed
        ├── WorkerError               (RuntimeError) a worker process failed, or they die again and again
        ├── ArtifactNotFound          (LookupError)  an artifact store holds nothing under an id
        ├── MissingDependencyError    (ImportError)  an optional library is not installed
        └── CLIUsageError                            the command line was given something unusable
    Warning
    └── ExperimentalWarning                          a feature that may still change

The second base, in brackets, is the built-in that a user would catch.
"""

from __future__ import annotations

import sys
import warnings

__all__ = [
    "ArtifactNotFound",
    "BudgetSpentError",
    "CLIUsageError",
    "DeadEndError",
    "DuplicatedStudyError",
    "ExperimentalWarning",
    "ForbiddenParametersError",
    "InvalidSpaceError",
    "InvalidSpaceTypeError",
    "LeaseLostError",
    "MissingDependencyError",
    "OptimistError",
    "OptunaError",
    "StorageInternalError",
    "StudyNotFoundError",
    "TrialNotFinishedError",
    "TrialNotFoundError",
    "TrialPruned",
    "UpdateFinishedTrialError",
    "WorkerError",
    "warn_user",
]


class OptimistError(Exception):
    """The root of the family: ``except OptimistError`` catches all that Optimist raises of its own accord."""


OptunaError = OptimistError


class TrialPruned(OptimistError):
    """Raise this in an objective, after ``trial.should_prune()`` said so, to end the trial as PRUNED."""


class InvalidSpaceError(OptimistError, ValueError):
    """A distribution or search space that cannot be: low above high, log of zero, no choices."""


class InvalidSpaceTypeError(InvalidSpaceError, TypeError):
    """A bound, step or choice of a type that cannot be used: text for a number, an object that JSON cannot hold."""


class ForbiddenParametersError(OptimistError, ValueError):
    """What the queue, a fixed value or a recommended one gives is forbidden by the study's ``parameter_constraint``."""


class DeadEndError(ForbiddenParametersError):
    """A trial asks for a parameter of which the study's ``parameter_constraint`` allows no value, after those it has."""


class _LookupFailed(OptimistError, KeyError):
    """A KeyError whose text reads as a sentence; the built-in puts quotes around it."""

    __str__ = Exception.__str__


class StudyNotFoundError(_LookupFailed):
    """The storage holds no study of this name or id."""


class TrialNotFoundError(_LookupFailed):
    """The study holds no trial of this number or id."""


class DuplicatedStudyError(OptimistError):
    """The storage holds a study of this name already; ``load_if_exists=True`` would open it."""


class TrialNotFinishedError(OptimistError, ValueError):
    """Somebody tried to void a trial that waits or runs."""


class UpdateFinishedTrialError(OptimistError, RuntimeError):
    """Somebody tried to change a trial that is finished."""


class LeaseLostError(UpdateFinishedTrialError):
    """A worker tells of a trial that others took for lost, because nothing had been heard of it for too long."""


class BudgetSpentError(OptimistError):
    """The study has as many trials as were asked for in total; no further one begins."""


class StorageInternalError(OptimistError):
    """The database or file behind a storage failed; the cause is chained."""


class WorkerError(OptimistError, RuntimeError):
    """What a worker process raised, with its traceback as text; or worker processes die again and again."""


class MissingDependencyError(OptimistError, ImportError):
    """An optional library is needed and not installed; the message names the command that installs it."""


class ArtifactNotFound(OptimistError, LookupError):
    """An artifact store holds nothing under this id."""


class CLIUsageError(OptimistError):
    """The command line was given an option or a value that it cannot use."""


class ExperimentalWarning(Warning):
    """The feature works, but its interface may change in any release."""


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the user's line: that of the first frame outside the package."""
    depth, frame = 2, sys._getframe(1)  # noqa: SLF001  the documented way to a frame
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith("optimist."):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, category, stacklevel=depth)
