"""How a trial's document is best written: JSON text against msgpack, with 0 and 50 reports a trial.

python benchmarks/documents.py              10,000 trials of 10 parameters, medians of 7 interleaved runs
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections.abc import Callable
from typing import Any

import msgspec

from optimist.storages.documents import Document

N_TRIALS, N_PARAMS, N_REPEATS = 10_000, 10, 7


def some_documents(n_reports: int) -> list[Document]:
    """Trials of floats, integers and choices."""
    rng = random.Random(1)
    space, steps = list(range(N_PARAMS)), list(range(n_reports))
    return [
        Document(
            space,
            [rng.uniform(-5, 5) if i % 5 else rng.randrange(100) for i in space],
            [rng.random()],
            steps,
            [rng.random() for _ in steps],
        )
        for _ in range(N_TRIALS)
    ]


def write_json(documents: list[Document]) -> list[Any]:
    """One text each."""
    encode = msgspec.json.Encoder().encode
    return [encode(document).decode() for document in documents]


def read_json(texts: list[Any]) -> list[Document]:
    """All at once, as the storage does."""
    return msgspec.json.Decoder(list[Document]).decode(f"[{','.join(texts)}]")


def write_msgpack(documents: list[Document]) -> list[Any]:
    """One blob each."""
    encode = msgspec.msgpack.Encoder().encode
    return [encode(document) for document in documents]


def read_msgpack(blobs: list[Any]) -> list[Document]:
    """One by one: msgpack needs the number of items in front."""
    decode = msgspec.msgpack.Decoder(Document).decode
    return [decode(blob) for blob in blobs]


def fetch(rows: list[Any]) -> Callable[[], object]:
    """Put the rows into a database; the query that reads them back."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE trials (id INTEGER PRIMARY KEY, document)")
    database.executemany("INSERT INTO trials (document) VALUES (?)", [(row,) for row in rows])
    return lambda: database.execute("SELECT document FROM trials").fetchall()


def milliseconds(run: Callable[[], object]) -> float:
    """Time one run."""
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    """Print the table."""
    print(f"{N_TRIALS:,} trials of {N_PARAMS} parameters: milliseconds for all, bytes for one")
    print(f"{'':24} {'write':>8} {'fetch':>8} {'read':>8} {'bytes':>8}")
    formats: dict[str, tuple[Callable[..., list[Any]], Callable[..., list[Document]]]]
    formats = {"JSON": (write_json, read_json), "msgpack": (write_msgpack, read_msgpack)}
    for n_reports in (0, 50):
        documents = some_documents(n_reports)
        stored = {name: write(documents) for name, (write, _) in formats.items()}
        queries = {name: fetch(rows) for name, rows in stored.items()}
        times: dict[str, list[tuple[float, ...]]] = {name: [] for name in formats}
        for _ in range(N_REPEATS):
            for name, (write, read) in formats.items():
                assert read(stored[name]) == documents
                runs = (lambda: write(documents), queries[name], lambda: read(stored[name]))  # noqa: B023  run at once
                times[name].append(tuple(milliseconds(run) for run in runs))
        for name, measured in times.items():
            columns = "".join(f"{statistics.median(column):9.1f}" for column in zip(*measured, strict=True))
            n_bytes = sum(map(len, stored[name])) / N_TRIALS
            print(f"{name:10} {n_reports:3} reports  {columns} {n_bytes:8.0f}")


if __name__ == "__main__":
    main()
