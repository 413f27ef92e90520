from .pruners import PrunerSuite as PrunerSuite
from .samplers import SamplerSuite as SamplerSuite
from .storages.suite import StorageSuite as StorageSuite
