"""The names of system attributes that more than one part of the house reads."""

from __future__ import annotations

from typing import Final

FIXED_PARAMS_KEY: Final = "fixed_params"
"""On a trial: the parameters that ``enqueue_trial`` gave, as the user sees them."""

DEFAULTS_KEY: Final = "optimist:defaults"
"""On a study: the recommended values by parameter. On a trial: True if it tries them."""

RECOMMENDS_KEY: Final = "optimist:recommends"
"""On a trial of the deterministic mode: what it learned of recommended values, and how sure they are."""

CONFIDENCE_KEY: Final = "optimist:confidence"
"""On a study: how sure recommended values are, from 0 to 1, by parameter; of those that come with a confidence."""

WARM_START_KEY: Final = "optimist:warm_start"
"""On a study: the studies that it was warm-started from, and their good points; see ``optimist.study.warm_start``."""

WARM_POINT_KEY: Final = "optimist:warm_point"
"""On a trial: the study, and the number there, of the trial that it tries again."""

MISFIT_PREFIX: Final = "optimist:misfit:"
"""On a trial, before a name: the value of a parameter whose kind contradicts that of earlier trials."""

METRIC_NAMES_KEY: Final = "study:metric_names"
"""On a study: a name for each objective."""

SURPLUS_KEY: Final = "optimist:surplus"
"""On a failed trial: True if it was not run, for other workers had taken what was left to try."""

FAIL_REASON_KEY: Final = "optimist:fail_reason"
"""On a failed trial: why its worker was stopped, such as "time limit of 60 s"."""

LEASE_LOST_KEY: Final = "optimist:lease_lost"
"""On a failed trial: True if it was given up, for its worker had not been heard of for too long."""

RAN_ON_KEY: Final = "optimist:ran_on"
"""On a trial that went through an executor: its number, and the machine and process where it ran."""

METRICS_KEY: Final = "optimist:metrics"
"""On a trial in a storage of another library: its named metrics, in the order of naming, by name and step."""

RESUMED_KEY: Final = "optimist:resumed_from"
"""On a promotion: the numbers of the trials that it goes on from, the first one first, retries included."""

RUNG_KEY: Final = "optimist:rung"
"""On a promotion: the rung up to which it may run; trials without run up to rung 0."""

VOID_KEY: Final = "optimist:void"
"""On a finished trial: why it was voided. Shown in snapshots; stores keep it apart from the attributes."""

AUDIT_KEY: Final = "optimist:audit"
"""On a trial that an audited pruner condemned: what was said then; see ``optimist.history.condemned``."""

PROVENANCE_KEY: Final = "optimist:provenance"
"""On a study: how its trials came to be, a list of notes; see ``optimist.study.provenance``."""

FOCUS_KEY: Final = "optimist:focus"
"""On a study: the focuses that ``Study.focus`` set, the latest last; see ``optimist.history.focusing``."""

PROBE_KEY: Final = "optimist:probe"
"""On a trial: the parameter whose focus it tests by a value outside."""

REFUSED_KEY: Final = "optimist:refused"
"""On a failed trial that met a dead end: the parameter that had no allowed value, and its distribution as JSON."""

CONSTRAINED_KEY: Final = "optimist:parameter_constraint"
"""On a study that was made with a parameter constraint: the name of the function, which itself cannot be stored."""
