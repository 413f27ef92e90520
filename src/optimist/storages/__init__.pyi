from .base import Storage as Storage
from .memory import InMemoryStorage as InMemoryStorage
