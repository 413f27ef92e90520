"""The contract of storages as a suite.

suite.py    the class to inherit from    values.py   what must read back as it was written
studies.py  studies and their attributes deltas.py   what changed since a cursor
trials.py   the life of a trial          sharing.py  threads, processes, forks
reader.py   a naive reader of changes    worker.py   what the processes of the suite do
"""
