from .condemned_cases import Cost as Cost
from .confirmation import Confirmation as Confirmation
from .confirmation import ConfirmedTrial as ConfirmedTrial
from .pruning_audit import PruningAudit as PruningAudit
from .pruning_audit import Share as Share
from .pruning_audit import ValueRange as ValueRange
from .pruning_audit import audit_pruning as audit_pruning
