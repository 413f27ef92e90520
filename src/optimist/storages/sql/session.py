"""Statements on the driver's own connection.

SQLAlchemy writes the statements, once for each kind of database; running one through it costs several times what the
driver and the database need together. So what a trial does goes to the driver as text that was compiled before.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Dialect as EngineDialect
from sqlalchemy.sql.compiler import SQLCompiler

Row = Any
"""A named tuple, with the columns of the statement."""


class Compiled:
    """A statement as text for one kind of driver.

    Args:
        statement: What SQLAlchemy builds.
        dialect: Of an engine.
    """

    def __init__(self, statement: ClauseElement, dialect: EngineDialect) -> None:
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.text = compiled.string
        self._constants = dict(compiled.params)  # with None for what has to be given
        self._order = compiled.positiontup if compiled.positional else None
        columns = [str(entry[0]) for entry in compiled._result_columns]  # noqa: SLF001  the only place that knows them
        # Not typing.NamedTuple: the columns are known at run time only.
        self._row = namedtuple("Row", columns)._make if columns else tuple  # type: ignore[misc]  # noqa: PYI024

    def bind(self, params: Mapping[str, Any]) -> Any:
        """Parameters as the driver takes them; what is not given is NULL."""
        constants = self._constants
        if self._order is None:
            return {**constants, **params}
        return [params[name] if name in params else constants[name] for name in self._order]

    def row(self, values: Sequence[Any]) -> Row:
        """Name the columns of a row."""
        return self._row(values)


@lru_cache(maxsize=1024)
def compiled_for(statement: ClauseElement, dialect: EngineDialect) -> Compiled:
    """A statement as text, made once."""
    return Compiled(statement, dialect)


class Session:
    """A connection, as far as statements are concerned; transactions are the dialect's business.

    Args:
        connection: SQLAlchemy's, which is used for whatever happens once in a study's life.

    Attributes:
        driver: The driver's connection.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.driver: Any = connection.connection.driver_connection
        self._dialect = connection.dialect

    def run(self, statement: ClauseElement, params: Mapping[str, Any]) -> Any:
        """Run a statement; return the driver's cursor."""
        compiled = compiled_for(statement, self._dialect)
        cursor = self.driver.cursor()
        cursor.execute(compiled.text, compiled.bind(params))
        return cursor

    def run_many(self, statement: ClauseElement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each row of parameters."""
        compiled = compiled_for(statement, self._dialect)
        cursor = self.driver.cursor()
        cursor.executemany(compiled.text, [compiled.bind(row) for row in rows])
        cursor.close()

    def count(self, statement: ClauseElement, params: Mapping[str, Any]) -> int:
        """Run a statement; return how many rows it wrote."""
        cursor = self.run(statement, params)
        n: int = cursor.rowcount
        cursor.close()
        return n

    def first(self, statement: ClauseElement, params: Mapping[str, Any]) -> Row | None:
        """The first row that a statement returns; None if there is none."""
        cursor = self.run(statement, params)
        values = cursor.fetchone()
        cursor.close()
        return None if values is None else compiled_for(statement, self._dialect).row(values)

    def all(self, statement: ClauseElement, params: Mapping[str, Any]) -> list[Row]:
        """All rows that a statement returns."""
        cursor = self.run(statement, params)
        rows = cursor.fetchall()
        cursor.close()
        row = compiled_for(statement, self._dialect).row
        return [row(values) for values in rows]
