from .encoding import Encoding as Encoding
from .groups import Groups as Groups
from .intersection import Intersection as Intersection
from .intersection import IntersectionSearchSpace as IntersectionSearchSpace
from .intersection import intersection_search_space as intersection_search_space
from .space import SearchSpace as SearchSpace
