"""Trials: one experiment each, running (``Trial``), remembered (``FrozenTrial``) or made by hand (``FixedTrial``)."""

from __future__ import annotations

from optimist.history.base_trial import BaseTrial
from optimist.history.fixed_trial import FixedTrial
from optimist.history.records import FrozenTrial, create_trial
from optimist.states import TrialState
from optimist.study.live_trial import Trial

__all__ = ["BaseTrial", "FixedTrial", "FrozenTrial", "Trial", "TrialState", "create_trial"]
