from .base import BaseSampler as BaseSampler
from .base import ColumnSampler as ColumnSampler
from .random import RandomSampler as RandomSampler
