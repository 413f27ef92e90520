from .base import BasePruner as BasePruner
from .base import ColumnPruner as ColumnPruner
from .median import MedianPruner as MedianPruner
from .nop import NopPruner as NopPruner
from .percentile import PercentilePruner as PercentilePruner
