"""Frames over a socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from optimist.execution.channel import Channel


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    one, two = (Channel(end) for end in socket.socketpair())
    yield one, two
    one.close()
    two.close()


def test_frames_arrive_whole_and_in_order(ends: tuple[Channel, Channel]) -> None:
    frames = [b"", b"a", b"x" * 3_000_000, bytes(range(256))]
    sender = threading.Thread(target=lambda: [ends[0].send(frame) for frame in frames])
    sender.start()
    assert [ends[1].receive() for _ in frames] == frames
    sender.join()
    ends[0].close()
    assert ends[1].receive() is None


def test_what_is_ready(ends: tuple[Channel, Channel]) -> None:
    assert ends[1].receive_ready() == ([], True)
    ends[0].send(b"a")
    ends[0].send(b"b")
    assert ends[1].receive_ready() == ([b"a", b"b"], True)
    ends[0].send(b"last")
    ends[0].close()
    assert ends[1].receive_ready() == ([b"last"], False)


def test_half_a_frame_waits_for_the_rest() -> None:
    plain, other = socket.socketpair()
    channel = Channel(other)
    plain.sendall((4).to_bytes(8, "big") + b"ab")
    assert channel.receive_ready() == ([], True)
    plain.sendall(b"cd")
    assert channel.receive_ready() == ([b"abcd"], True)
    plain.close()
    channel.close()


def test_a_frame_that_is_too_long(ends: tuple[Channel, Channel]) -> None:
    ends[0].send(b"abc")
    with pytest.raises(ValueError, match="3 bytes"):
        ends[1].receive(at_most=2)


def test_closing_wakes_who_waits(ends: tuple[Channel, Channel]) -> None:
    heard: list[bytes | None] = []
    thread = threading.Thread(target=lambda: heard.append(ends[1].receive()))
    thread.start()
    ends[0].close()
    thread.join(timeout=30)
    assert heard == [None]
    with pytest.raises(OSError, match=r"."):
        ends[0].send(b"late")
