"""Ctrl-C and SIGTERM at the right moment."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from optimist.execution.interrupts import Interrupts, Terminated, pressing, terminating


def press() -> None:
    """Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def test_while_nothing_is_held_it_comes_at_once() -> None:
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt):
        press()
    with Interrupts() as interrupts:
        interrupts.hold()
        interrupts.release()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_what_is_held_back_comes_with_the_release() -> None:
    with Interrupts() as interrupts:
        interrupts.hold()
        press()
        with pytest.raises(KeyboardInterrupt):
            interrupts.release()
        interrupts.release()  # once
        interrupts.hold()
        interrupts.release()


def test_the_second_comes_at_once() -> None:
    with Interrupts() as interrupts:
        interrupts.hold()
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
        interrupts.release()


def hold_and_press(error: Exception | None = None) -> None:
    with Interrupts() as interrupts:
        interrupts.hold()
        press()
        if error is not None:
            raise error


def test_nothing_is_swallowed_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt):
        hold_and_press()
    with pytest.raises(ValueError, match="first"):
        hold_and_press(ValueError("first"))


def test_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_handler_of_the_application_stays() -> None:
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        with Interrupts() as interrupts:
            interrupts.hold()
            press()
            interrupts.release()
        assert pressed == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_left_alone() -> None:
    ended: list[bool] = []

    def work() -> None:
        with Interrupts() as interrupts:
            interrupts.hold()
            interrupts.release()
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [True]


def test_pressing_calls_instead_of_raising() -> None:
    pressed: list[int] = []
    with pressing(lambda: pressed.append(1)):
        press()
        press()
    assert pressed == [1, 1]
    with pytest.raises(KeyboardInterrupt):
        press()


def test_pressing_leaves_a_handler_of_the_application_alone() -> None:
    own: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: own.append(number))
    try:
        with pressing(own.clear):
            press()
        assert own == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


# SIGTERM


def terminate() -> None:
    signal.raise_signal(signal.SIGTERM)


def test_sigterm_is_held_back_as_well() -> None:
    with Interrupts() as interrupts:
        interrupts.hold()
        terminate()
        with pytest.raises(Terminated) as raised:
            interrupts.release()
        assert raised.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_sigterm_may_be_left_alone() -> None:
    with Interrupts(handles_term=False):
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        with pytest.raises(KeyboardInterrupt):
            press()


def test_pressing_tells_the_two_apart() -> None:
    came: list[str] = []
    with pressing(lambda: came.append("int"), lambda: came.append("term")):
        terminate()
        press()
    assert came == ["term", "int"]


def in_a_fork(work: Callable[[], None]) -> int:
    """Do something in a forked process; return its exit code, negative for the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except KeyboardInterrupt:
            os._exit(7)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_the_process_is_ended_once_all_is_in_order(tmp_path: Path) -> None:
    def work() -> None:
        with terminating((tmp_path / "in order").touch):
            terminate()

    assert in_a_fork(work) == -signal.SIGTERM
    assert (tmp_path / "in order").exists()


def test_a_fork_is_on_its_own() -> None:
    came: list[str] = []
    with pressing(lambda: came.append("int"), lambda: came.append("term")):
        assert in_a_fork(terminate) == -signal.SIGTERM
        assert in_a_fork(press) == 7

        def shield() -> None:
            own: list[int] = []
            with pressing(lambda: own.append(1)):
                press()
            os._exit(len(own))

        assert in_a_fork(shield) == 1
    assert came == []
