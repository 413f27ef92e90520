from .base import BasePruner as BasePruner
from .base import ColumnPruner as ColumnPruner
from .base import Curve as Curve
from .base import Verdict as Verdict
from .base import judge as judge
<<<<<<< HEAD
from .curve import CurvePruner as CurvePruner
=======
from .hyperband import HyperbandPruner as HyperbandPruner
>>>>>>> main
from .median import MedianPruner as MedianPruner
from .nop import NopPruner as NopPruner
from .patient import PatientPruner as PatientPruner
from .percentile import PercentilePruner as PercentilePruner
from .successive_halving import SuccessiveHalvingPruner as SuccessiveHalvingPruner
from .threshold import ThresholdPruner as ThresholdPruner
from .wilcoxon import WilcoxonPruner as WilcoxonPruner
