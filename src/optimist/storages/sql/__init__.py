"""Studies in a relational database: SQLite, and through the same statements any other that SQLAlchemy speaks to.

urls.py      what the user wrote, understood          schema.py     tables, indexes, opening a database
dialect.py   where databases differ                   statements.py every statement
database.py  connections and transactions             documents.py  what a trial's row holds as JSON
views.py     the documents as plain tables            known.py      the distributions of a study by id
storage.py   the contract, on top of these            upgrade.py    Alembic, loaded for upgrades only
"""
