from .pruners import PrunerSuite as PrunerSuite
from .storages.suite import StorageSuite as StorageSuite
from .samplers import SamplerSuite as SamplerSuite
