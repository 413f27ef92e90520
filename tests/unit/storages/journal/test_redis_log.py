"""A journal in Redis: commits are made once whatever becomes of the answer, and a restart is survived."""

from __future__ import annotations

import logging
import pickle
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optimist.exceptions import MissingDependencyError, StorageInternalError
from optimist.history.draft import TrialChange
from optimist.states import StudyDirection
from optimist.storages.journal import JournalRedisBackend
from optimist.storages.journal.redis_log import RedisLog, masked
from optimist.storages.journal.storage import JournalStore
from optimist.storages.open import open_storage
from optimist.testing.storages.reader import Reader, read
from tests.unit.storages.journal.stories import COMPLETE, facts, facts_after_each_step, story
from tools.servers import Redis

MINIMIZE = StudyDirection.MINIMIZE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed; Debian's package redis-server has it.")
    with Redis(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(autouse=True)
def be_quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "optimist")


@pytest.fixture
def url(server: Redis) -> str:
    server.run("redis-cli", "-p", str(server.port), "flushall")
    return server.url


def log_of(storage: JournalStore) -> RedisLog:
    assert isinstance(storage.journal.log, RedisLog)
    return storage.journal.log


def test_commit_whose_answer_was_lost_is_made_once(url: str) -> None:
    storage = JournalStore(JournalRedisBackend(url))
    storage.create_study("study", [MINIMIZE])
    client = log_of(storage).client
    evaluate = client.eval
    n_lost = 0

    def evaluate_and_lose(script: str, *arguments: Any) -> Any:
        nonlocal n_lost
        answer = evaluate(script, *arguments)
        if "RPUSH" in script and n_lost < 5:
            n_lost += 1
            raise log_of(storage)._errors.ConnectionError("lost")
        return answer

    client.eval = evaluate_and_lose
    numbers = [storage.begin_trial(0, 0).number for _ in range(3)]
    for number in numbers:
        storage.write(0, TrialChange(number, state=COMPLETE, values=(1.0,)))
    assert n_lost == 5
    assert numbers == [0, 1, 2]
    assert facts(JournalStore(JournalRedisBackend(url))) == facts(storage)
    assert client.llen(log_of(storage).key) == 7


@pytest.mark.slow
def test_restart_of_the_server_is_survived(server: Redis, url: str) -> None:
    stores = [JournalStore(JournalRedisBackend(url)) for _ in range(3)]
    stores[0].create_study("study", [MINIMIZE])
    told: list[int] = []
    errors: list[BaseException] = []
    stop = threading.Event()

    def work(store: JournalStore) -> None:
        try:
            reader = Reader(store, 0)
            while not stop.is_set():
                number = reader.begin()
                store.write(0, TrialChange(number, state=COMPLETE, values=(float(number),)))
                told.append(number)
        except BaseException as error:  # noqa: BLE001  raised again below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(0.3)
        server.stop(signal.SIGKILL)
        time.sleep(0.3)
        server.start()
        n_before = len(told)
        deadline = time.monotonic() + 20
        while len(told) < n_before + 10 and time.monotonic() < deadline and not errors:
            time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    trials = read(JournalStore(JournalRedisBackend(url)), 0).trials
    assert sorted(told) == list(range(len(told)))  # nobody's commit was made twice, and none is missing
    assert all(trials[number].values == (float(number),) for number in told)
    assert len(trials) == len(told)


def test_server_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    server = Redis(tmp_path)
    storage = JournalStore(JournalRedisBackend(f"redis://user:secret@127.0.0.1:{server.port}/0"))
    log_of(storage).patience_s = 0.3
    with pytest.raises(StorageInternalError, match=r"has not answered for 0\.3 s") as caught:
        storage.list_studies()
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(storage)


def test_compaction_and_repair(tmp_path: Path, url: str) -> None:
    expected = facts_after_each_step(tmp_path / "file")
    storage, other = (JournalStore(JournalRedisBackend(url)) for _ in range(2))
    for step, then in zip(story(storage), expected[1:], strict=False):
        step()
        assert facts(other) == facts(storage) == then
    before = facts(storage)
    reader = read(other, 0)
    client, key = log_of(storage).client, log_of(storage).key
    n_before = client.llen(key)
    storage.compact()
    assert client.llen(key) < n_before
    assert facts(storage) == facts(other) == facts(JournalStore(JournalRedisBackend(url))) == before
    client.rpush(key, b"garbage", client.lindex(key, 0))
    assert other.begin_trial(0, 0).number == 3
    assert str(reader.catch_up()) == str(read(storage, 0))
    done = storage.repair()
    assert sorted(damage.kind for _, damage in done.damaged) == ["stale", "torn"]
    assert done.kept_as is not None
    assert client.exists(done.kept_as)
    assert facts(storage) == facts(other)
    assert JournalStore(JournalRedisBackend(url)).repair().damaged == []
    reader.begin()
    assert str(reader) == str(read(storage, 0))


def test_rewriting_between_two_looks_is_noticed(url: str) -> None:
    storage, other = (JournalStore(JournalRedisBackend(url)) for _ in range(2))
    for step in story(storage):
        step()
    before = facts(other)
    log = log_of(other)
    fetch = log.fetch
    n_rewritten = 0

    def fetch_too_late(refs: Any, sizes: Any) -> list[bytes]:
        nonlocal n_rewritten
        if n_rewritten < 2:
            n_rewritten += 1
            storage.compact()
        return fetch(refs, sizes)

    log.fetch = fetch_too_late  # type: ignore[method-assign]
    other.journal.start_over()
    other.journal._recent.clear()
    other.journal.catch_up()
    other.journal._recent.clear()
    assert facts(other) == before
    assert n_rewritten > 0


def test_script_error_is_a_refusal(url: str) -> None:
    storage = JournalStore(JournalRedisBackend(url))
    log_of(storage).client.set(log_of(storage).key, "not a list")
    with pytest.raises(StorageInternalError, match="WRONGTYPE"):
        storage.list_studies()


def test_prefixes_keep_journals_apart(url: str) -> None:
    one, other = (JournalStore(JournalRedisBackend(url, prefix=prefix)) for prefix in ("a:", "b:"))
    one.create_study("study", [MINIMIZE])
    assert other.list_studies() == []
    assert pickle.loads(pickle.dumps(one)).list_studies() == one.list_studies()


def test_logs_of_others(url: str) -> None:
    backend = JournalRedisBackend(url)
    backend.append_logs([{"op": i} for i in range(3)])
    assert list(backend.read_logs(1)) == [{"op": 1}, {"op": 2}]
    assert open_storage(url).list_studies() == []


def test_missing_library_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'optimist\[redis\]'"):
        open_storage("redis://localhost/0")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost/0", "redis://localhost/0"),
        ("redis://:secret@localhost/0", "redis://:***@localhost/0"),
        ("rediss://me:sec@ret@localhost/0", "rediss://me:***@localhost/0"),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_bytes_are_kept_beside_the_journal(server: Redis) -> None:
    one, two = JournalRedisBackend(server.url, prefix="kept"), JournalRedisBackend(server.url, prefix="other")
    assert one.load_snapshot() is None
    for snapshot in (b"\x00first", b"second"):
        one.save_snapshot(snapshot)
        assert JournalRedisBackend(server.url, prefix="kept").load_snapshot() == snapshot
    assert two.load_snapshot() is None
    assert JournalStore(one).list_studies() == []
