"""A parameter name means one thing within a study."""

from __future__ import annotations

from optimist.distributions.base import BaseDistribution
from optimist.distributions.categorical import CategoricalDistribution
from optimist.exceptions import InvalidSpaceError


def check_distribution_compatibility(dist_old: BaseDistribution, dist_new: BaseDistribution) -> None:
    """Refuse to give a parameter name a second meaning. Ranges may change between trials; kind, log and choices not.

    Raises:
        ValueError: the two differ in kind, in ``log`` or in ``choices``.
    """
    if dist_old is dist_new:
        return
    if type(dist_old) is not type(dist_new):
        raise InvalidSpaceError(
            f"A parameter keeps its kind within a study, but it was {dist_old} and is now {dist_new}. Use another name."
        )
    if (
        isinstance(dist_old, CategoricalDistribution)
        and isinstance(dist_new, CategoricalDistribution)
        and not dist_old.has_choices_of(dist_new)
    ):
        raise InvalidSpaceError(
            f"A categorical parameter keeps its choices within a study, but it was {dist_old} and is now {dist_new}. "
            "Use another name."
        )
    if getattr(dist_old, "log", None) != getattr(dist_new, "log", None):
        raise InvalidSpaceError(
            f"A parameter keeps its log setting within a study, but it was {dist_old} and is now {dist_new}. "
            "Use another name."
        )
