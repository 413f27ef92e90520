"""Which parameters a proposal will have: rules read off the trials, because objectives do not say.

An objective asks for some parameters only where others have certain values: ``depth`` where ``kind`` is "tree",
``width3`` where ``n_layers`` is at least 3. For each such parameter a small decision tree over the other parameters
tells the trials that had it from those that had not. Where a rule errs, a proposal still holds a value for every
parameter; the model then misjudges how promising it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from optimist.samplers.gp.domain import Domain

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_MAX_DEPTH: Final = 4
_MAX_TRIALS: Final = 512


@dataclass(frozen=True)
class Rule:
    """A node of a decision tree.

    Attributes:
        answer: Whether the parameter is active, by the majority of the trials here.
        gate: The parameter that the node asks for; -1 for a leaf.
        threshold: Where the gate is a number: the bound up to which ``branches[0]`` is taken, else ``branches[1]``.
        branches: By choice where the gate is categorical. A gate that is not active leads to the last branch.
    """

    answer: bool
    gate: int = -1
    threshold: float = 0.0
    branches: tuple[Rule | None, ...] = ()


class Activity:
    """The rules of a domain.

    Args:
        domain: The parameters.
        points: (n, d) of trials.
        mask: (n, d) which parameters they had.
        order: (d,) the average position at which each parameter is asked for; a rule looks at earlier ones only.
    """

    def __init__(self, domain: Domain, points: FloatArray, mask: BoolArray, order: FloatArray) -> None:
        self._domain = domain
        # Rules need each kind of trial, not each trial; the latest know the objective as it is now.
        points, mask = points[-_MAX_TRIALS:], mask[-_MAX_TRIALS:]
        optional = [int(j) for j in np.argsort(order, kind="stable") if domain.is_optional[j]]
        self._rules = {j: self._grow(j, points, mask, np.flatnonzero(order < order[j]), 0) for j in optional}

    def mask(self, points: FloatArray) -> BoolArray:
        """Return (n, d): which parameters points (n, d) are expected to have."""
        mask = np.ones(points.shape, np.bool_)
        for j, rule in self._rules.items():  # in the order of suggestion, so that gates are known
            self._decide(rule, np.arange(len(points)), points, mask, mask[:, j])
        return mask

    def _decide(
        self, rule: Rule, rows: npt.NDArray[np.intp], points: FloatArray, mask: BoolArray, answers: BoolArray
    ) -> None:
        if rule.gate < 0:
            answers[rows] = rule.answer
            return
        taken = self._branch(rule.gate, rule.threshold, points[rows], mask[rows])
        for number, branch in enumerate(rule.branches):
            there = rows[taken == number]
            if branch is None:
                answers[there] = rule.answer
            elif len(there):
                self._decide(branch, there, points, mask, answers)

    def _branch(self, gate: int, threshold: float, points: FloatArray, mask: BoolArray) -> npt.NDArray[np.intp]:
        """The number of the branch that each point takes."""
        if self._domain.is_categorical[gate]:
            taken, last = self._domain.choice(points[:, gate], gate), int(self._domain.n_choices[gate])
        else:
            taken, last = (points[:, gate] > threshold).astype(np.intp), 2
        return np.where(mask[:, gate], taken, last)

    def _grow(self, j: int, points: FloatArray, mask: BoolArray, gates: npt.NDArray[np.intp], depth: int) -> Rule:
        active = mask[:, j]
        answer = bool(active.mean() >= 0.5) if len(active) else False
        if depth == _MAX_DEPTH or active.all() or not active.any():
            return Rule(answer)
        best: tuple[float, int, float] | None = None
        for gate in gates.tolist():
            for threshold in self._thresholds(gate, points, mask, active):
                taken = self._branch(gate, threshold, points, mask)
                total = np.bincount(taken)
                share = np.bincount(taken, weights=active) / np.maximum(total, 1)
                impurity = float((total * share * (1.0 - share)).sum())
                if best is None or impurity < best[0] - 1e-9:
                    best = impurity, gate, threshold
        if best is None or best[0] >= len(active) * active.mean() * (1.0 - active.mean()) - 1e-9:
            return Rule(answer)
        _, gate, threshold = best
        taken = self._branch(gate, threshold, points, mask)
        n_branches = 1 + (int(self._domain.n_choices[gate]) if self._domain.is_categorical[gate] else 2)
        branches = [
            self._grow(j, points[taken == k], mask[taken == k], gates, depth + 1) if np.any(taken == k) else None
            for k in range(n_branches)
        ]
        return Rule(answer, gate, threshold, tuple(branches))

    def _thresholds(self, gate: int, points: FloatArray, mask: BoolArray, active: BoolArray) -> list[float]:
        """Where a numeric gate may be cut: between neighbours that differ in the answer."""
        if self._domain.is_categorical[gate]:
            return [0.0]
        rows = np.flatnonzero(mask[:, gate])
        rows = rows[np.argsort(points[rows, gate], kind="stable")]
        x, differs = points[rows, gate], active[rows][1:] != active[rows][:-1]
        cuts = np.flatnonzero(differs & (x[1:] > x[:-1]))
        if len(cuts) > 16:  # no sharp bound: not worth a long search
            cuts = cuts[:: len(cuts) // 16]
        return [0.0, *((x[cuts] + x[cuts + 1]) / 2.0).tolist()]
