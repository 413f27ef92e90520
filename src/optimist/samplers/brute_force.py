"""Brute force: every combination that the objective can ask for, once; the space need not be known beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from optimist.distributions import BaseDistribution
from optimist.history.attributes import FIXED_PARAMS_KEY
from optimist.history.protocols import TrialLike
from optimist.history.view import View
from optimist.numerics.streams import real_number
from optimist.numerics.urn import Urn
from optimist.samplers.base import BaseSampler, ColumnSampler
from optimist.samplers.branches import Branch, BranchTree

if TYPE_CHECKING:
    import numpy as np

CLAIM_KEY: Final = "brute_force:claim"
"""On a trial of a shared study: the value that it chose last, for other workers to see before it is suggested."""

_MAX_CLAIMS: Final = 20
_N_DRAWS: Final = 32


class BruteForceSampler(ColumnSampler):
    """Try every combination of values that the objective can ask for, then stop.

    The space is learned as trials run, so parameters may depend on values of others. It must be finite: floats need a
    step. A combination is tried by a trial that is complete, pruned, running or waiting, whoever made it; one that
    failed is tried once more, after all others. At each parameter the values below which anything is left are equally likely.

    Several workers share the work: what one has chosen, others avoid. In a stored study that takes one commit for each
    parameter. A worker whose share is done waits for the running trials of its own process, as these may open new
    branches, but not for those of others.

    Where a range grows before the study is done, its new values are tried as well, as far as branches lead there that
    are not exhausted yet.

    Args:
        seed: Fixes the draws.
        avoid_premature_stop: Keep starting trials as long as any are running, even if these repeat combinations.
    """

    def __init__(self, seed: int | None = None, avoid_premature_stop: bool = False) -> None:
        super().__init__(seed)
        self._avoid_premature_stop = avoid_premature_stop
        self._pinned: dict[str, Any] = {}

    def pin(self, params: Mapping[str, Any]) -> BaseSampler:
        pinned = BruteForceSampler(None, self._avoid_premature_stop)
        pinned.streams = self.streams
        pinned._pinned = {**self._pinned, **params}
        return pinned

    @property
    def is_exhaustive(self) -> bool:
        return True

    def needs_all_before(self, number: int) -> bool:
        return True

    def has_more(self, view: View) -> bool:
        with view.lock:
            tree = self._tree(view)
            stands = Counter(_stands(tree, view))  # before the next line, for what running trials ask for expands it
            root = tree.root
            if root.name is None or self._avoid_premature_stop:
                return root.n_left > 0
            return root.n_left > sum(min(n, branch.n_left) for branch, n in stands.items())

    def propose_one(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Any:
        """Choose a value below which something is left.

        Raises:
            ValueError: There is no end of values.
        """
        study, number = trial.study, real_number(trial.number)
        rng = self.streams.generator(trial.number, lane=trial.n_suggested)
        n_claims = 0
        while True:
            choice = self._choice(trial, name, distribution)
            index = choice.draw(rng)
            value = choice.branch.value(index)
            if not study.is_shared:
                return value
            study.set_trial_system_attr(number, CLAIM_KEY, {name: value})
            study.publish(number)
            n_claims += 1
            # Whoever chooses after this sees the claim; whoever did so before is seen now.
            if not choice.is_free(index) or n_claims == _MAX_CLAIMS:
                return value
            if self._choice(trial, name, distribution).is_free(index):
                return value

    def _choice(self, trial: TrialLike, name: str, distribution: BaseDistribution) -> Choice:
        """What there is to choose from at this moment."""
        values, distributions = trial.values, trial.distributions
        view = trial.study.view(real_number(trial.number))
        with view.lock:
            tree = self._tree(view)
            branch = tree.follow((known, distributions[known], value) for known, value in values.items())
            if branch is None:
                branch = Branch()  # off the tree, nothing is known
            tree.expand(branch, name, distribution)
            return Choice(branch, Counter(_indices_at(branch, _stands(tree, view))))

    def _tree(self, view: View) -> BranchTree:
        pinned = tuple(sorted((name, repr(value)) for name, value in self._pinned.items()))
        constraint = view.parameter_constraint
        return view.tracker((BranchTree, pinned, constraint), BranchTree, self._pinned, constraint)


@dataclass(frozen=True)
class Choice:
    """The values at a branch.

    Attributes:
        branch: What is asked for.
        n_rivals: How many open trials have taken a value, by its number.
    """

    branch: Branch
    n_rivals: Mapping[int, int]

    def is_free(self, index: int) -> bool:
        """Whether there is more below a value than the open trials there will try."""
        if index not in self.branch.unfinished:
            return False
        child = self.branch.children.get(index)
        return (1 if child is None else child.n_left) > self.n_rivals.get(index, 0)

    def draw(self, rng: np.random.Generator) -> int:
        """A random free value; if there is none, one where open trials may yet find more; else any."""
        unfinished = self.branch.unfinished
        drawn = unfinished.draw(rng, _N_DRAWS)
        # If no draw is free, few values are; those that are not have a rival each.
        for index in (*drawn, *islice(unfinished, len(self.n_rivals) + 1)):
            if self.is_free(index):
                return index
        return drawn[0] if drawn else Urn(self.branch.n_values).draw(rng, 1)[0]


def _stands(tree: BranchTree, view: View) -> list[Branch]:
    """Where the open trials stand, or will as far as that is known."""
    stands = [
        tree.follow_open(
            trial.layout,
            trial.values,
            {**trial.proposed, **trial.system_attrs.get(CLAIM_KEY, {})},
            trial.system_attrs.get(FIXED_PARAMS_KEY, {}),
        )
        for trial in view.open_trials
    ]
    return [branch for branch in stands if branch is not None]


def _indices_at(branch: Branch, stands: list[Branch]) -> Iterator[int]:
    """For each of these that is below a branch, the number of the value that leads to it."""
    for stand in stands:
        below: Branch | None = stand
        while below is not None and below.parent is not branch:
            below = below.parent
        if below is not None:
            yield below.index
