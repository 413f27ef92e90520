from . import matplotlib as matplotlib
from .plotly.figure import is_available as is_available
from .plotly.intermediate_values import plot_intermediate_values as plot_intermediate_values
from .plotly.optimization_history import plot_optimization_history as plot_optimization_history
from .plotly.parallel_coordinate import plot_parallel_coordinate as plot_parallel_coordinate
from .plotly.param_importances import plot_param_importances as plot_param_importances
