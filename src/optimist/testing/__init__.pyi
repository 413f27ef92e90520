from .pruners import PrunerSuite as PrunerSuite
