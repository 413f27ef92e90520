"""The checks of benchmarks/torture.py find what they are there to find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torture_checks import TICKET, Life, Violations, check_trials, check_waits

from optimist.trial import TrialState, create_trial

LOST = {"optimist:lease_lost": True}


def history() -> list[Any]:
    """Trial 0 was enqueued and lost, 1 was sampled, 2 retries 0; a budget of two."""
    ticket = {TICKET: 0}
    retry = {"failed_trial": 0, "retry_history": [0]}
    trials: list[Any] = [
        create_trial(state=TrialState.FAIL, user_attrs=ticket, system_attrs=LOST),
        create_trial(value=1.5),
        create_trial(value=2.5, user_attrs=ticket, system_attrs=retry),
    ]
    for number, trial in enumerate(trials):
        trial.number = number
    return trials


def life(tmp_path: Path, text: str, **kwargs: Any) -> Life:
    diary = tmp_path / f"{len(list(tmp_path.iterdir()))}.diary"
    diary.write_text(text)
    return Life(diary, **kwargs)


def found(violations: Violations) -> set[str]:
    return {kind for kind, what in violations.found.items() if what}


def test_nothing_is_found_where_all_is_well(tmp_path: Path) -> None:
    diary = life(tmp_path, "start 0 1.0\nstart 1 2.0\nend 1 3.0\ntold 1 COMPLETE 1.5 3.1\nstart 2 3.2\ntold 2 COMP")

    assert found(check_trials(history(), [diary], n_tickets=1, total=2)) == set()


def enqueued_without_end(trials: list[Any]) -> None:
    trials[2].state = TrialState.RUNNING


def enqueued_with_two_ends(trials: list[Any]) -> None:
    trials[0].system_attrs = {}
    trials[2].system_attrs = {}


def number_missing(trials: list[Any]) -> None:
    trials[2].number = 3


def two_retries(trials: list[Any]) -> None:
    trials[1].system_attrs = trials[2].system_attrs


@pytest.mark.parametrize(
    ("spoil", "kinds"),
    [
        (enqueued_without_end, {"enqueued without one outcome", "budget missed", "still running or waiting"}),
        (enqueued_with_two_ends, {"enqueued without one outcome", "budget missed"}),
        (number_missing, {"numbers not dense"}),
        (two_retries, {"retried twice"}),
    ],
)
def test_what_is_wrong_in_the_store_is_found(spoil: Callable[[list[Any]], None], kinds: set[str]) -> None:
    trials = history()
    spoil(trials)

    assert found(check_trials(trials, [], n_tickets=1, total=2)) == kinds


def test_a_told_trial_that_is_stored_otherwise_is_found(tmp_path: Path) -> None:
    diaries = [life(tmp_path, f"told {told} 1.0\n") for told in ("1 COMPLETE 1.25", "0 COMPLETE 3.5", "7 PRUNED None")]

    violations = check_trials(history(), diaries, n_tickets=1, total=2)

    assert len(violations.found["told trials missing or changed"]) == 3


def test_a_trial_started_by_two_workers_is_found(tmp_path: Path) -> None:
    diaries = [life(tmp_path, "start 1 1.0\n"), life(tmp_path, "start 1 2.0\n")]

    assert found(check_trials(history(), diaries, n_tickets=1, total=2)) == {"started twice"}


@pytest.mark.parametrize(
    ("text", "kwargs", "n"),
    [
        ("end 0 10.0\nstart 1 10.5\n", {}, 0),
        ("end 0 10.0\nstart 1 14.0\n", {}, 1),
        ("ready 10.0\nstart 1 14.0\n", {}, 1),
        ("start 0 9.0\nreport 4.0 14.0\n", {}, 1),
        ("end 0 10.0\n", {"is_killed": True, "ended_at": 14.0}, 1),
        ("end 0 10.0\n", {"ended_at": 14.0}, 0),
        ("end 0 20.5\nstart 1 24.0\n", {}, 0),
        ("end 0 30.5\nstart 1 34.0\n", {}, 0),
    ],
    ids=["short", "ask", "first ask", "report", "killed", "left", "server away", "after the kills"],
)
def test_waits_count_while_workers_die_and_the_server_is_there(
    tmp_path: Path, text: str, kwargs: dict[str, Any], n: int
) -> None:
    violations = Violations()
    check_waits(violations, {"worker": life(tmp_path, text, **kwargs)}, until=30.0, outages=[(20.0, 25.0)])

    assert len(violations.found["waited too long"]) == n
