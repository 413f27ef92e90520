"""No pruning."""

from __future__ import annotations

from optimist.history.view import View
from optimist.pruners.base import GO_ON, ColumnPruner, Curve, Verdict


class NopPruner(ColumnPruner):
    """Let every trial run to its end."""

    judges_several = True

    def decide(self, view: View, trial: Curve) -> Verdict:
        return GO_ON
