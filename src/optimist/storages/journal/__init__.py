"""Studies in a journal: a file or a list in Redis to which all workers append, and from which each knows the rest.

backends.py  what a user names as its home      line.py         one line, and which lines count
storage.py   the contract, on top of these      records.py      what a line says, as JSON
journal.py   following a log, and committing    state.py        what follows from the records
log.py       where lines live: the contract     folding.py      several records of a trial in one piece
file.py      ... in a file                      composing.py    what a commit about trials says
redis_log.py ... in Redis                       lock.py         the lock that dies with its holder
foreign.py   ... in somebody else's home        lock_files.py   locks for file systems without flock
compaction.py, repair.py   writing it anew      durability.py   one fsync for all who wait
index.py     the state in a few bytes           beats.py        heartbeats beside the journal
finding.py   the best trial, read anew
deprecated.py              names of Optuna 3
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
