"""Studies on their way from Optuna's stores and back. Optuna itself is not needed for either.

source.py     what can be read from                   tables.py     the tables of Optuna's database
database.py   Optuna's database, read                 journal.py    Optuna's journal file, read (replay.py: its rules)
importing.py  from there into a storage of ours       exporting.py  from ours into Optuna's database
opening.py    from what the user wrote to the source
"""
