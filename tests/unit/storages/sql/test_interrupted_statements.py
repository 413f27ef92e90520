"""Ctrl-C in the middle of a statement breaks nothing but the statement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.states import TrialState
from optimist.storages.sql.session import Session


@pytest.mark.parametrize("at", range(1, 7))
@pytest.mark.parametrize("work", ["ask", "tell", "read", "queue"])
def test_the_storage_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: str, at: int) -> None:
    study = optimist.create_study(storage=str(tmp_path / "a.db"))
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    works: dict[str, Any] = {
        "ask": study.ask,
        "tell": lambda: study.tell(trial, 1.0),
        "read": lambda: study.trials,
        "queue": lambda: study.enqueue_trial({"x": 0.5}),
    }
    n_calls = 0

    run = Session.run

    def interrupted(session: Session, statement: Any, parameters: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == at:
            raise KeyboardInterrupt
        return run(session, statement, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "run", interrupted)
        try:
            works[work]()
        except KeyboardInterrupt:
            pass
        else:
            assert n_calls < at  # there are no more statements
            return
    study.set_user_attr("after", at)
    assert study.user_attrs == {"after": at}
    if work == "tell":
        assert study.trials[0].state == TrialState.RUNNING  # the commit was taken back as a whole
        study.tell(trial, 1.0)
    again = optimist.load_study(study_name=study.study_name, storage=str(tmp_path / "a.db"))
    assert again.trials == study.trials
