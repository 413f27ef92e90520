"""Where this process can be reached by others."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = "127.0.0.1"

DRIVER_ADDRESS_VARIABLE: Final = "OPTIMIST_DRIVER_ADDRESS"
"""Environment variable: the address, as HOST or HOST:PORT, at which the workers of an executor reach this process."""


@dataclass(frozen=True)
class Address:
    """Where to listen, and what to tell others.

    Attributes:
        host: What others are told; in brackets nowhere, also if it is an IPv6 address.
        port: 0 for any that is free.
        interface: Where to listen; empty for all interfaces. None: at ``host``.
    """

    host: str = LOOPBACK
    port: int = 0
    interface: str | None = None


def driver_address(host: str) -> Address:
    """The address of this process for the workers of an executor: what the environment says, or else a host.

    Raises:
        ValueError: The environment variable holds something else than a host, or a host and a port.
    """
    named = os.environ.get(DRIVER_ADDRESS_VARIABLE)
    if not named:
        return Address(host)
    try:
        parts = urlsplit(f"//{named}")
        port = parts.port or 0
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.hostname is None:
        raise ValueError(f"{DRIVER_ADDRESS_VARIABLE} must be HOST or HOST:PORT, but is {named!r}.")
    return Address(parts.hostname, port, interface="")


def address_towards(host: str) -> str:
    """The address of this machine on the way to another one; nothing is sent.

    Raises:
        OSError: There is no way.
    """
    family, _, _, _, where = socket.getaddrinfo(host, 9, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(where)
        return str(probe.getsockname()[0])


def is_loopback(host: str) -> bool:
    """Whether a host is this machine to itself, and something else to every other."""
    return host in ("localhost", "::1", "") or host.startswith("127.")
