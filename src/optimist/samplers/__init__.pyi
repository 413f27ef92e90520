from .base import BaseSampler as BaseSampler
from .base import ColumnSampler as ColumnSampler
from .brute_force import BruteForceSampler as BruteForceSampler
from .grid import GridSampler as GridSampler
from .partial_fixed import PartialFixedSampler as PartialFixedSampler
from .qmc import QMCSampler as QMCSampler
from .random import RandomSampler as RandomSampler
from .tpe import TPESampler as TPESampler
