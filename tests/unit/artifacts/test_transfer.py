from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

import optimist
from optimist.artifacts import (
    ArtifactMeta,
    FileSystemArtifactStore,
    download_artifact,
    get_all_artifact_meta,
    upload_artifact,
)
from optimist.artifacts.exceptions import ArtifactNotFound
from optimist.exceptions import UpdateFinishedTrialError


@pytest.fixture
def store(tmp_path: Path) -> FileSystemArtifactStore:
    return FileSystemArtifactStore(tmp_path / "store")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    return str(path)


def test_there_and_back(store: FileSystemArtifactStore, file: str, tmp_path: Path) -> None:
    study = optimist.create_study(storage=f"sqlite:///{tmp_path}/study.db", study_name="s")

    def objective(trial: optimist.Trial) -> float:
        upload_artifact(artifact_store=store, file_path=file, study_or_trial=trial)
        assert [meta.filename for meta in get_all_artifact_meta(trial)] == ["notes.txt"]
        return 1.0

    study.optimize(objective, n_trials=2)
    again = optimist.load_study(storage=f"sqlite:///{tmp_path}/study.db", study_name="s")
    for trial in again.trials:
        (meta,) = get_all_artifact_meta(trial)
        assert meta == ArtifactMeta(meta.artifact_id, "notes.txt", "text/plain", None)
        assert get_all_artifact_meta(trial, storage=again._storage) == [meta]
        download_artifact(artifact_store=store, file_path=str(tmp_path / "back"), artifact_id=meta.artifact_id)
        assert (tmp_path / "back").read_text() == "hello"


def test_of_a_study(store: FileSystemArtifactStore, file: str) -> None:
    study = optimist.create_study()
    upload_artifact(artifact_store=store, file_path=file, study_or_trial=study, mimetype="a/b", encoding="br")
    upload_artifact(artifact_store=store, file_path=file, study_or_trial=study)
    metas = get_all_artifact_meta(study)
    assert [(meta.mimetype, meta.encoding) for meta in metas] == [("a/b", "br"), ("text/plain", None)]
    assert get_all_artifact_meta(study.ask()) == []


def test_in_the_deterministic_mode(store: FileSystemArtifactStore, file: str) -> None:
    study = optimist.create_study(sampler=optimist.samplers.RandomSampler(seed=0))

    def objective(trial: optimist.Trial) -> float:
        upload_artifact(artifact_store=store, file_path=file, study_or_trial=trial)
        return float(len(get_all_artifact_meta(trial)))

    study.optimize(objective, n_trials=5, deterministic=2)
    assert [trial.value for trial in study.trials] == [1.0] * 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tar.gz", ("application/x-tar", "gzip")),
        ("a.unheard-of", ("application/octet-stream", None)),
        ("a", ("application/octet-stream", None)),
    ],
)
def test_guesses(name: str, expected: Any, store: FileSystemArtifactStore, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    study = optimist.create_study()
    upload_artifact(artifact_store=store, file_path=str(tmp_path / name), study_or_trial=study)
    (meta,) = get_all_artifact_meta(study)
    assert (meta.mimetype, meta.encoding) == expected


def test_snapshot_of_a_running_trial_needs_its_storage(store: FileSystemArtifactStore, file: str) -> None:
    study = optimist.create_study()
    trial = study.ask()
    snapshot = study.trials[0]
    with pytest.raises(ValueError, match="needs its storage"):
        upload_artifact(artifact_store=store, file_path=file, study_or_trial=snapshot)
    upload_artifact(artifact_store=store, file_path=file, study_or_trial=snapshot, storage=study._storage)
    assert len(get_all_artifact_meta(trial)) == 1
    assert len(get_all_artifact_meta(snapshot, storage=study._storage)) == 1
    assert get_all_artifact_meta(snapshot) == []  # as it was then


def test_finished_trials_get_nothing(store: FileSystemArtifactStore, file: str, tmp_path: Path) -> None:
    study = optimist.create_study()
    trial = study.ask()
    study.tell(trial, 1.0)
    for owner in (trial, study.trials[0]):
        with pytest.raises(UpdateFinishedTrialError, match="Trial 0 is finished"):
            upload_artifact(artifact_store=store, file_path=file, study_or_trial=owner, storage=study._storage)


@pytest.mark.parametrize("owner", [3, None, optimist.trial.FixedTrial({})])
def test_what_owns_no_artifacts(owner: Any, store: FileSystemArtifactStore, file: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="Artifacts belong to"):
        upload_artifact(artifact_store=store, file_path=file, study_or_trial=owner)
    with pytest.raises(TypeError, match="Artifacts belong to"):
        get_all_artifact_meta(owner)
    assert not (tmp_path / "store").exists()


def test_missing_file_leaves_no_note(store: FileSystemArtifactStore, tmp_path: Path) -> None:
    study = optimist.create_study()
    with pytest.raises(FileNotFoundError):
        upload_artifact(artifact_store=store, file_path=str(tmp_path / "nothing"), study_or_trial=study)
    assert get_all_artifact_meta(study) == []


def test_failed_download_leaves_what_was_there(store: FileSystemArtifactStore, file: str) -> None:
    with pytest.raises(ArtifactNotFound):
        download_artifact(artifact_store=store, file_path=file, artifact_id="nothing")
    assert Path(file).read_text() == "hello"


def test_download_through_a_link_and_into_a_pipe(store: FileSystemArtifactStore, file: str, tmp_path: Path) -> None:
    artifact_id = upload_artifact(artifact_store=store, file_path=file, study_or_trial=optimist.create_study())
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_text("old")
    link.symlink_to(target)
    download_artifact(artifact_store=store, file_path=str(link), artifact_id=artifact_id)
    assert link.is_symlink()
    assert target.read_text() == "hello"
    os.mkfifo(pipe)
    heard: list[str] = []
    listener = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    listener.start()
    download_artifact(artifact_store=store, file_path=str(pipe), artifact_id=artifact_id)
    listener.join()
    assert heard == ["hello"]


def test_stores_can_be_sent_to_workers(store: FileSystemArtifactStore, file: str) -> None:
    artifact_id = upload_artifact(
        artifact_store=pickle.loads(pickle.dumps(store)), file_path=file, study_or_trial=optimist.create_study()
    )
    with store.open_reader(artifact_id) as reader:
        assert reader.read() == b"hello"
