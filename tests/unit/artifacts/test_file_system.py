from __future__ import annotations

import io
import os
import stat
import threading
from pathlib import Path

import pytest

from optimist.artifacts import FileSystemArtifactStore
from optimist.artifacts.exceptions import ArtifactNotFound


@pytest.fixture
def store(tmp_path: Path) -> FileSystemArtifactStore:
    return FileSystemArtifactStore(tmp_path / "deep" / "inside")


def read(store: FileSystemArtifactStore, artifact_id: str) -> bytes:
    with store.open_reader(artifact_id) as reader:
        return reader.read()


def test_what_was_written_is_read(store: FileSystemArtifactStore) -> None:
    body = io.BytesIO(b"\r\n\x00\xff" * 1000)
    store.write("model", body)
    assert read(store, "model") == body.getvalue()
    assert not body.closed


@pytest.mark.parametrize("artifact_id", ["8bf1", "a b", "ü.tar.gz", "x" * 255, "-rf", "~"])
def test_plain_names_are_ids(store: FileSystemArtifactStore, artifact_id: str) -> None:
    store.write(artifact_id, io.BytesIO(b"1"))
    assert read(store, artifact_id) == b"1"
    store.remove(artifact_id)


EVIL = [
    "",
    ".",
    "..",
    "../x",
    "a/../../x",
    "a/b",
    "/etc/passwd",
    "\\x",
    "..\\x",
    "C:x",
    "a\0b",
    "a\n",
    " a",
    "a ",
    ".hidden",
    "a.",
    "x" * 256,
    "ü" * 128,
    "\ud800",
    "a\u202eb",
]


@pytest.mark.parametrize("artifact_id", EVIL)
@pytest.mark.parametrize("method", ["write", "open_reader", "remove"])
def test_anything_else_is_refused(
    store: FileSystemArtifactStore, method: str, artifact_id: str, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x").write_text("precious")
    arguments = [io.BytesIO(b"evil")] if method == "write" else []
    with pytest.raises(ValueError, match="plain file name"):
        getattr(store, method)(artifact_id, *arguments)
    assert [path.name for path in tmp_path.rglob("*")] == ["deep", "x"]
    assert (tmp_path / "deep" / "x").read_text() == "precious"


def test_links_are_not_followed(store: FileSystemArtifactStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    store.write("first", io.BytesIO(b"1"))
    link = tmp_path / "deep" / "inside" / "link"
    link.symlink_to(outside)
    with pytest.raises(ArtifactNotFound):
        store.open_reader("link")
    with pytest.raises(ArtifactNotFound):
        store.remove("link")
    store.write("link", io.BytesIO(b"new"))
    assert read(store, "link") == b"new"
    assert not link.is_symlink()
    assert outside.read_bytes() == b"precious"


def test_a_link_that_appears_at_the_last_moment_is_not_followed(
    store: FileSystemArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    store.write("first", io.BytesIO(b"1"))
    link = tmp_path / "deep" / "inside" / "link"
    real_open = os.open

    def open_late(path: Path, flags: int) -> int:
        link.symlink_to(outside)
        return real_open(path, flags)

    monkeypatch.setattr("optimist.artifacts.file_system.os.open", open_late)
    with pytest.raises(ArtifactNotFound):
        store.open_reader("link")


def test_what_is_no_file_is_no_artifact(store: FileSystemArtifactStore, tmp_path: Path) -> None:
    store.write("first", io.BytesIO(b"1"))
    folder = tmp_path / "deep" / "inside"
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    for artifact_id in ("folder", "pipe", "nothing"):
        with pytest.raises(ArtifactNotFound, match=artifact_id):
            store.open_reader(artifact_id)
        with pytest.raises(LookupError):
            store.remove(artifact_id)


def test_removed_is_gone(store: FileSystemArtifactStore) -> None:
    store.write("a", io.BytesIO(b"1"))
    store.remove("a")
    with pytest.raises(ArtifactNotFound):
        store.open_reader("a")


def test_failed_write_leaves_what_was_there(store: FileSystemArtifactStore, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("the wire broke")
            return super().read(10)

    store.write("a", io.BytesIO(b"whole"))
    with pytest.raises(OSError, match="wire"):
        store.write("a", Broken(b"x" * 100))
    assert read(store, "a") == b"whole"
    assert [path.name for path in (tmp_path / "deep" / "inside").iterdir()] == ["a"]


def test_readers_see_a_whole_file_while_others_write(store: FileSystemArtifactStore) -> None:
    contents = [bytes([k]) * 300_000 for k in range(2)]
    store.write("a", io.BytesIO(contents[0]))

    def write() -> None:
        for k in range(20):
            store.write("a", io.BytesIO(contents[k % 2]))

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert read(store, "a") in contents
    for writer in writers:
        writer.join()


def test_mode_follows_the_umask(store: FileSystemArtifactStore, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        store.write("a", io.BytesIO(b"1"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep" / "inside" / "a").stat().st_mode) == 0o640
