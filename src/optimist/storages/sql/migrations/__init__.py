"""How a database comes from one revision of the schema to the next; Alembic reads this directory.

A migration speaks of tables as they were at its time: it spells them out, and imports nothing of ours.
"""
