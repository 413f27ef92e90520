"""Studies on their way from Optuna's stores and back. Optuna itself is not needed for either.

source.py     what can be read from                   opening.py    from what the user wrote to the source
tables.py     the tables of Optuna's database         connection.py a connection to it, checked
database.py   the database, read                      journal.py    a journal file, read; replay.py: by which rules
importing.py  from a source into a storage of ours    exporting.py  from ours into Optuna's database
"""
