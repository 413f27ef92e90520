"""How fast studies come from Optuna and go back, beside Optuna's own copy_study.

python benchmarks/exchange.py [--quick] [--trials N] [--memory N]

A study of N trials (10,000; --quick: 1,000), each with eight parameters, five intermediate values and two attributes,
is made in a database of Optuna's. Then the same is copied: by Optuna into a database of its own, by `optimist import`
into one of ours, and by `optimist export --to optuna` back; what Optuna has made is imported as well. A journal file with such
trials, line by line as Optuna writes them, is imported too. After that, all are compared field by field. --memory N copies
a study of N trials, and one of a tenth of them, and prints by how much the memory of a process of its own grew.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # a script's own directory is all that Python looks into

import optuna
import sqlalchemy
from optuna.storages.journal import JournalFileBackend

import optimist
from optimist.storages import export_to_optuna, import_from_optuna
from optimist.storages.exchange import tables
from tests.peers.exchanged import of_optimist, of_optuna, told

WANTED = 5.0  # times as fast as copy_study
NAME = "study"


def make_source(path: Path, n_trials: int) -> str:
    """Make a study in a database of Optuna's: its tables by Optuna, its rows by hand, for that takes minutes less."""
    url = f"sqlite:///{path}"
    study = optuna.create_study(storage=url, study_name=NAME)
    study.set_user_attr("made", "for a benchmark")
    kinds = optuna.distributions
    spaces = {
        **{f"x{i}": kinds.FloatDistribution(-5.0, 5.0) for i in range(5)},
        "rate": kinds.FloatDistribution(1e-5, 1.0, log=True),
        "layers": kinds.IntDistribution(1, 8),
        "kind": kinds.CategoricalDistribution(["adam", "sgd", None]),
    }
    texts = {name: kinds.distribution_to_json(space) for name, space in spaces.items()}
    draw = random.Random(0)
    start = datetime.datetime(2026, 1, 1)  # noqa: DTZ001  UTC, as the columns are
    engine = sqlalchemy.create_engine(url)
    for first in range(0, n_trials, 1000):
        with engine.begin() as connection:
            numbers = range(first, min(first + 1000, n_trials))
            rows: dict[Any, list[dict[str, Any]]] = {}
            for i in numbers:
                key = {"trial_id": i + 1}
                at = start + datetime.timedelta(seconds=i, microseconds=i)
                row = {"number": i, "study_id": 1, "state": "COMPLETE", "datetime_start": at, "datetime_complete": at}
                rows.setdefault(tables.trials, []).append({**key, **row})
                rows.setdefault(tables.params, []).extend(
                    {**key, "param_name": name, "param_value": value, "distribution_json": texts[name]}
                    for name, value in draw_params(draw).items()
                )
                row = {"objective": 0, "value": draw.random(), "value_type": "FINITE"}
                rows.setdefault(tables.values, []).append({**key, **row})
                row = {"intermediate_value": draw.random(), "intermediate_value_type": "FINITE"}
                rows.setdefault(tables.reports, []).extend({**key, "step": step, **row} for step in range(5))
                note = {"key": "note", "value_json": f'{{"fold": {i % 5}}}'}
                rows.setdefault(tables.trial_user_attrs, []).append({**key, **note})
                constraint = {"key": "constraints:size", "value_json": json.dumps(-draw.random())}
                rows.setdefault(tables.trial_system_attrs, []).append({**key, **constraint})
            for table, some in rows.items():
                connection.execute(sqlalchemy.insert(table), some)
    engine.dispose()
    return url


def draw_params(draw: random.Random) -> dict[str, float]:
    """A value for each parameter, as the database holds it."""
    values = {f"x{i}": draw.uniform(-5.0, 5.0) for i in range(5)}
    return {**values, "rate": draw.uniform(1e-5, 1.0), "layers": draw.randint(1, 8), "kind": draw.randint(0, 2)}


def make_journal(path: Path, n_trials: int) -> None:
    """Make a study in a journal file, with the lines that Optuna writes for such a trial."""
    space = optuna.distributions.distribution_to_json(optuna.distributions.FloatDistribution(0.0, 1.0))
    worker = {"worker_id": "0123456789"}
    at = {"start": "2026-01-01T00:00:00.000001+00:00", "end": "2026-01-01T00:00:01.000001+00:00"}
    with path.open("w") as file:
        lines: list[dict[str, Any]] = [{"op_code": 0, **worker, "study_name": NAME, "directions": [1]}]
        for i in range(n_trials):
            lines.append({"op_code": 4, **worker, "study_id": 0, "datetime_start": at["start"]})
            for j in range(8):
                param = {"param_name": f"x{j}", "param_value_internal": 1 / (i + j + 2), "distribution": space}
                lines.append({"op_code": 5, **worker, "trial_id": i, **param})
            lines.extend(
                {"op_code": 7, **worker, "trial_id": i, "step": j, "intermediate_value": j / (i + 1)} for j in range(5)
            )
            lines.append({"op_code": 8, **worker, "trial_id": i, "user_attr": {"note": i}})
            end = {"state": 1, "values": [float(i)], "datetime_complete": at["end"]}
            lines.append({"op_code": 6, **worker, "trial_id": i, **end})
            if len(lines) > 1000:
                file.writelines(json.dumps(line) + "\n" for line in lines)
                lines.clear()
        file.writelines(json.dumps(line) + "\n" for line in lines)


def timed(what: str, work: Callable[[], Any], n_trials: int) -> float:
    """Do it, print how long it took, and return that in seconds."""
    start = time.perf_counter()
    work()
    took_s = time.perf_counter() - start
    print(f"{what:<44} {took_s:9.2f} s {n_trials / took_s:12,.0f} trials/s", flush=True)
    return took_s


def compare(directory: Path, n_trials: int) -> bool:
    """Print the figures; say whether they are as wanted."""
    source, theirs = make_source(directory / "source.db", n_trials), f"sqlite:///{directory}/theirs.db"
    ours, back = str(directory / "ours.db"), f"sqlite:///{directory}/back.db"
    names = {"from_study_name": NAME, "from_storage": source, "to_storage": theirs}
    optimists = timed("optimist import (database)", lambda: import_from_optuna(source, ours), n_trials)
    timed("optimist export --to optuna", lambda: export_to_optuna(back, ours), n_trials)
    make_journal(directory / "source.log", n_trials)
    journal = str(directory / "source.log")
    timed("optimist import (journal file)", lambda: import_from_optuna(journal, str(directory / "j.db")), n_trials)
    optunas = timed("optuna.copy_study (database)", lambda: optuna.copy_study(**names), n_trials)
    again = str(directory / "again.db")
    timed("optimist import (what copy_study has made)", lambda: import_from_optuna(theirs, again), n_trials)
    expected = of_optuna(source, NAME)
    is_same = of_optuna(theirs, NAME) == expected == of_optimist(again, NAME)
    is_same &= of_optimist(ours, NAME) == expected and of_optuna(back, NAME) == expected
    log = optuna.storages.JournalStorage(JournalFileBackend(journal))
    is_same &= of_optimist(str(directory / "j.db"), NAME) == told(optuna.load_study(study_name=NAME, storage=log))
    print(f"Field by field: {'nothing differs' if is_same else 'SOMETHING DIFFERS'}.")
    print(f"optimist import is {optunas / optimists:.1f} times as fast as copy_study (wanted: {WANTED:g}).")
    return is_same and optunas / optimists >= WANTED


def measure_memory(directory: Path, n_trials: int) -> None:
    """Print by how much the memory of a process grows that copies studies, small and large."""
    for kind in ("database", "journal"):
        for n in (n_trials // 10, n_trials):
            path = directory / f"{kind}-{n}"
            make_source(path, n) if kind == "database" else make_journal(path, n)
            command = [sys.executable, __file__, "--copy", str(path), str(directory / f"{kind}-{n}-ours.db")]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{kind:<10} {n:>9,} trials: {done.stdout.strip()}", flush=True)


def peak_mb() -> float:
    """The most memory that this process has held; the system's getrusage tells that of its parent as well."""
    found = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024


def copy_once(source: str, target: str) -> None:
    """Copy, and print time and memory."""
    before = peak_mb()
    start = time.perf_counter()
    import_from_optuna(source, target)
    print(f"{time.perf_counter() - start:.1f} s, memory grew by {peak_mb() - before:.0f} MB")


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials")
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--memory", type=int, metavar="N", help="instead: memory for N trials, and a tenth of them")
    parser.add_argument("--copy", nargs=2, metavar=("SOURCE", "TARGET"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optimist.logging.set_verbosity(optimist.logging.WARNING)
    if args.copy:
        copy_once(*args.copy)
        return 0
    with tempfile.TemporaryDirectory(prefix="optimist-") as name:
        if args.memory:
            measure_memory(Path(name), args.memory)
            return 0
        return 0 if compare(Path(name), args.trials // 10 if args.quick else args.trials) else 1


if __name__ == "__main__":
    sys.exit(main())
