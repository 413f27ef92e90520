"""Where this process can be reached."""

from __future__ import annotations

import socket

import pytest

from optimist.execution.addresses import (
    DRIVER_ADDRESS_VARIABLE,
    Address,
    address_towards,
    driver_address,
    is_loopback,
)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (None, Address("10.0.0.5")),
        ("", Address("10.0.0.5")),
        ("login1", Address("login1", 0, "")),
        ("login1:7000", Address("login1", 7000, "")),
        ("[2001:db8::1]:7000", Address("2001:db8::1", 7000, "")),
    ],
)
def test_the_environment_has_the_last_word(
    named: str | None, expected: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DRIVER_ADDRESS_VARIABLE, raising=False)
    if named is not None:
        monkeypatch.setenv(DRIVER_ADDRESS_VARIABLE, named)
    assert driver_address("10.0.0.5") == expected


@pytest.mark.parametrize("named", [":7000", "login1:many", "login1:70000"])
def test_what_is_no_address(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DRIVER_ADDRESS_VARIABLE, named)
    with pytest.raises(ValueError, match="must be HOST or HOST:PORT"):
        driver_address("10.0.0.5")


def test_on_the_way_to_this_machine_stands_this_machine() -> None:
    assert address_towards("127.0.0.1") == "127.0.0.1"
    with pytest.raises(OSError, match=r".+"):
        address_towards("no-such-host.invalid")


def test_loopback() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1", ""))
    assert not any(is_loopback(host) for host in ("10.0.0.5", "db", socket.gethostname() + ".example"))
