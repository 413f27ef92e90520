from .backends import BaseJournalBackend as BaseJournalBackend
from .backends import JournalFileBackend as JournalFileBackend
from .backends import JournalRedisBackend as JournalRedisBackend
from .face import JournalStorage as JournalStorage
from .lock_files import BaseJournalFileLock as BaseJournalFileLock
from .lock_files import JournalFileOpenLock as JournalFileOpenLock
from .lock_files import JournalFileSymlinkLock as JournalFileSymlinkLock
