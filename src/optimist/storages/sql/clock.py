"""The database's own clock, as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class now_us(GenericFunction[int]):  # noqa: N801  it reads like SQL's own functions
    """Microseconds since 1970 (UTC). A file has no clock: there it is what the writer says, as ``clock_us``."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_us)
def _of_the_writer(_: now_us, compiler: Any, **kw: Any) -> str:
    text: str = compiler.process(bindparam("clock_us", type_=BigInteger), **kw)
    return text


@compiles(now_us, "mysql")
@compiles(now_us, "mariadb")
def _of_mysql(_: now_us, _compiler: Any, **_kw: Any) -> str:
    return "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"


@compiles(now_us, "postgresql")
def _of_postgresql(_: now_us, _compiler: Any, **_kw: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
