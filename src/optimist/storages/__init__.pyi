from . import journal as journal
from .base import Storage as Storage
from .memory import InMemoryStorage as InMemoryStorage
from .journal.deprecated import BaseJournalLogStorage as BaseJournalLogStorage
from .journal.deprecated import JournalFileOpenLock as JournalFileOpenLock
from .journal.deprecated import JournalFileStorage as JournalFileStorage
from .journal.deprecated import JournalFileSymlinkLock as JournalFileSymlinkLock
from .journal.deprecated import JournalRedisStorage as JournalRedisStorage
