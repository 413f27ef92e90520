"""The stores for S3 and Google Cloud Storage, against servers on this machine that speak their protocols over HTTP."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator
from typing import Any, cast

import pytest

from optimist.artifacts import ArtifactStore, Boto3ArtifactStore, GCSArtifactStore
from optimist.artifacts.exceptions import ArtifactNotFound
from optimist.exceptions import MissingDependencyError

pytestmark = pytest.mark.slow  # the libraries and servers take seconds to start

LARGE = bytes(range(256)) * 4 * 9000  # 9 MB: more than boto3 sends in one piece


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server_module = pytest.importorskip("moto.server", reason="needs moto: pip install --group test")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def boto3_store(s3: str, monkeypatch: pytest.MonkeyPatch) -> Boto3ArtifactStore:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "toy",
        "AWS_SECRET_ACCESS_KEY": "toy",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3,
    }.items():
        monkeypatch.setenv(name, value)
    store = Boto3ArtifactStore("a-bucket")
    store.client.create_bucket(Bucket="a-bucket")
    return store


@pytest.fixture(scope="module")
def gcs() -> Iterator[str]:
    server_module = pytest.importorskip("gcp_storage_emulator.server", reason="needs gcp-storage-emulator")
    server = server_module.create_server("127.0.0.1", 0, in_memory=True, default_bucket="a-bucket")
    server.start()
    yield f"http://127.0.0.1:{server._api._httpd.server_address[1]}"
    server.stop()


@pytest.fixture
def gcs_store(gcs: str, monkeypatch: pytest.MonkeyPatch) -> GCSArtifactStore:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "toy")
    return GCSArtifactStore("a-bucket")


@pytest.fixture(params=["boto3_store", "gcs_store"])
def store(request: pytest.FixtureRequest) -> ArtifactStore:
    return cast("ArtifactStore", request.getfixturevalue(request.param))


def read(store: ArtifactStore, artifact_id: str) -> bytes:
    with store.open_reader(artifact_id) as reader:
        return reader.read()


@pytest.mark.parametrize("content", [b"", b"hello\r\n\x00\xff", LARGE], ids=["empty", "small", "large"])
def test_what_was_written_is_read(store: ArtifactStore, content: bytes) -> None:
    body = io.BytesIO(content)
    store.write("model", body)
    assert not body.closed
    assert read(store, "model") == content


def test_written_again_is_replaced(store: ArtifactStore) -> None:
    store.write("a", io.BytesIO(b"old"))
    store.write("a", io.BytesIO(b"new"))
    assert read(store, "a") == b"new"


def test_removed_is_gone(store: ArtifactStore) -> None:
    store.write("a", io.BytesIO(b"1"))
    store.remove("a")
    with pytest.raises(ArtifactNotFound, match="no artifact 'a' in the bucket 'a-bucket'"):
        store.open_reader("a")


def test_nothing_to_remove(boto3_store: Boto3ArtifactStore, gcs_store: GCSArtifactStore) -> None:
    boto3_store.remove("nothing")  # S3 does not tell
    with pytest.raises(ArtifactNotFound):
        gcs_store.remove("nothing")


def test_other_errors_are_not_hidden(boto3_store: Boto3ArtifactStore) -> None:
    elsewhere = Boto3ArtifactStore("no-such-bucket", boto3_store.client)
    with pytest.raises(boto3_store.client.exceptions.NoSuchBucket):
        elsewhere.open_reader("a")


def test_stores_can_be_sent_to_workers(store: Any) -> None:
    store.write("a", io.BytesIO(b"1"))
    assert read(pickle.loads(pickle.dumps(store)), "a") == b"1"


@pytest.mark.parametrize(
    ("kind", "module", "extra"),
    [(Boto3ArtifactStore, "boto3", "s3"), (GCSArtifactStore, "google.cloud", "gcs")],
)
def test_missing_library_is_named(kind: Any, module: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"optimist\[{extra}\]"):
        kind("a-bucket")
