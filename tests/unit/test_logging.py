from __future__ import annotations

import io
import logging as std_logging
import re
import sys
import threading

import pytest

from optimist import logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restore():
    yield
    logging.set_verbosity(logging.INFO)
    logging.enable_default_handler()
    logging.disable_propagation()


def test_messages_go_to_the_stderr_of_the_moment(capsys):
    logging.get_logger("optimist.study").info("A new study")
    line = capsys.readouterr().err
    assert re.fullmatch(r"\[I \d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] A new study\n", line)


def test_verbosity(capsys):
    assert logging.get_verbosity() == logging.INFO == 20
    logging.set_verbosity(logging.WARNING)
    assert logging.get_verbosity() == logging.WARN
    logger = logging.get_logger("optimist.study")
    logger.info("not shown")
    logger.warning("shown")
    assert capsys.readouterr().err.splitlines()[0].endswith("] shown")


def test_the_default_handler_can_be_taken_away_and_brought_back(capsys):
    logger = logging.get_logger("optimist.study")
    logging.disable_default_handler()
    logger.info("unheard")
    logging.enable_default_handler()
    logging.enable_default_handler()  # twice does not double the lines
    logger.info("heard")
    assert [line.split("] ")[1] for line in capsys.readouterr().err.splitlines()] == ["heard"]


class Application(std_logging.Handler):
    """What an application has on its root logger."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: std_logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


def test_propagation():
    logger, application = logging.get_logger("optimist.study"), Application()
    std_logging.getLogger().addHandler(application)
    try:
        logger.info("kept")
        logging.enable_propagation()
        logger.info("handed on")
        logging.disable_propagation()
        logger.info("kept again")
    finally:
        std_logging.getLogger().removeHandler(application)
    assert application.heard == ["handed on"]


def test_loggers_are_the_standard_ones():
    assert logging.get_logger("any.name") is std_logging.getLogger("any.name")
    assert logging.CRITICAL == logging.FATAL == std_logging.CRITICAL
    assert (logging.DEBUG, logging.ERROR) == (std_logging.DEBUG, std_logging.ERROR)


def test_colour_on_a_terminal_only(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    logging.get_logger("optimist").warning("careful")
    assert sys.stderr.getvalue().startswith("\033[33m[W ")
    assert "\033[0m careful\n" in sys.stderr.getvalue()
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            patch.setattr(sys, "stderr", Terminal())
            logging.get_logger("optimist").warning("careful")
            assert sys.stderr.getvalue().startswith("[W ")


def test_exceptions_are_logged_with_their_traceback(capsys):
    try:
        raise ValueError("broken")
    except ValueError:
        logging.get_logger("optimist").exception("failed")
    assert "Traceback" in capsys.readouterr().err


def test_no_stderr_and_a_broken_stderr_do_no_harm(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    logging.get_logger("optimist").info("into the void")
    broken = io.StringIO()
    broken.close()
    monkeypatch.setattr(sys, "stderr", broken)
    monkeypatch.setattr(std_logging, "raiseExceptions", False)
    logging.get_logger("optimist").info("into the void")


def test_lines_of_threads_do_not_mix(capsys):
    logger = logging.get_logger("optimist.threads")
    threads = [threading.Thread(target=lambda: [logger.info("x" * 100) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 200
    assert all(line.endswith("] " + "x" * 100) for line in lines)
