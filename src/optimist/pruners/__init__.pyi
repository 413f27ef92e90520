from .base import BasePruner as BasePruner
from .base import ColumnPruner as ColumnPruner
from .nop import NopPruner as NopPruner
