"""Servers that the tests of this directory share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tools.servers import Redis


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed; Debian's package redis-server has it.")
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server
