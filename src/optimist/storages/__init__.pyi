from .base import Storage as Storage
from .base_storage import BaseStorage as BaseStorage
from .callbacks import RetryFailedTrialCallback as RetryFailedTrialCallback
from .callbacks import RetryHeartbeatStaleTrialCallback as RetryHeartbeatStaleTrialCallback
from .face import InMemoryStorage as InMemoryStorage
from .heartbeat import fail_stale_trials as fail_stale_trials
from .rdb import RDBStorage as RDBStorage
