"""benchmarks/curves/record.py can be stopped and called again."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from curves.record import TASKS, Task, draw, read_lines, record
from recorded_curves import Run

RUN = Run(3, {"rate": 0.1}, [0.5, 0.4], 0.41, [1.0, 1.1])


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_more_draws_begin_with_the_same(task: Task) -> None:
    few, many = draw(task.space, 3), draw(task.space, 6)
    assert many[:3] == few
    assert all(task.space[name].contains(value) for params in many for name, value in params.items())
    assert len({str(params) for params in many}) == 6


def test_what_a_kill_left_of_a_line_is_no_run(tmp_path: Path) -> None:
    line = msgspec.json.encode(RUN)
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(line + b"\n" + line[:30] + b"\n" + line + b"\n" + line[:-1])
    assert list(read_lines(lines)) == [RUN, RUN]


def test_nothing_is_run_twice(tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_bytes(b"".join(msgspec.json.encode(Run(index, {}, [], 0.0, [])) + b"\n" for index in range(3)))
    record("digits", lines, n_runs=3, n_processes=1)
    assert len(list(read_lines(lines))) == 3
