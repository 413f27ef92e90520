from __future__ import annotations

import pickle

import pytest

from optimist import exceptions
from optimist.exceptions import (
    InvalidSpaceError,
    InvalidSpaceTypeError,
    MissingDependencyError,
    OptimistError,
    OptunaError,
    StudyNotFoundError,
    TrialNotFoundError,
    UpdateFinishedTrialError,
    warn_user,
)

ERRORS = [
    cls
    for cls in vars(exceptions).values()
    if isinstance(cls, type) and issubclass(cls, Exception) and cls is not Warning
]


@pytest.mark.parametrize("cls", [cls for cls in ERRORS if not issubclass(cls, Warning)])
def test_every_error_belongs_to_the_family_and_survives_a_process_border(cls):
    error = cls("the study 'x' is gone")
    assert isinstance(error, OptimistError)
    assert str(error) == "the study 'x' is gone"  # KeyError would quote it
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert copy.args == error.args


def test_the_name_that_optuna_users_know():
    assert OptunaError is OptimistError


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (InvalidSpaceError, ValueError),
        (InvalidSpaceTypeError, TypeError),
        (InvalidSpaceTypeError, ValueError),
        (StudyNotFoundError, KeyError),
        (TrialNotFoundError, LookupError),
        (UpdateFinishedTrialError, RuntimeError),
        (MissingDependencyError, ImportError),
    ],
)
def test_errors_are_caught_as_the_builtin_that_a_user_would_catch(cls, builtin):
    with pytest.raises(builtin):
        raise cls("why")


def test_all_is_sorted_and_complete():
    assert exceptions.__all__ == sorted(exceptions.__all__)
    public = {cls.__name__ for cls in ERRORS if not cls.__name__.startswith("_")}
    assert public | {"OptunaError", "warn_user"} == set(exceptions.__all__)


def test_a_warning_points_at_the_users_line():
    from optimist.distributions import IntDistribution

    with pytest.warns(UserWarning, match="does not divide") as caught:
        IntDistribution(0, 10, step=3)
    assert caught[0].filename == __file__
    with pytest.warns(FutureWarning, match="soon") as caught:
        warn_user("soon", FutureWarning)
    assert caught[0].filename == __file__
