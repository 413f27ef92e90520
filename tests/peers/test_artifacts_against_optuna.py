"""Artifacts have the same descriptions as Optuna's, and each library works with the other's stores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import optuna
import optuna.artifacts
import pytest

import optimist

LIBRARIES = (optuna, optimist)


@pytest.mark.parametrize("name", ["a.txt", "a.tar.gz", "a.json", "a.png", "a", "a.unheard-of", "ü.csv"])
@pytest.mark.parametrize("options", [{}, {"mimetype": "x/y"}, {"encoding": "br"}])
def test_descriptions(name: str, options: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / name).write_text("hello")
    found = []
    for library in LIBRARIES:
        study = library.create_study()
        library.artifacts.upload_artifact(
            artifact_store=library.artifacts.FileSystemArtifactStore(tmp_path),
            file_path=str(tmp_path / name),
            study_or_trial=study,
            **options,
        )
        (meta,) = library.artifacts.get_all_artifact_meta(study)
        found.append({key: value for key, value in asdict(meta).items() if key != "artifact_id"})
    assert found[0] == found[1]


@pytest.mark.parametrize("theirs", [True, False])
def test_each_with_the_store_of_the_other(theirs: bool, tmp_path: Path) -> None:
    def of(library: ModuleType) -> ModuleType:
        found: ModuleType = library.artifacts
        return found

    user, maker = LIBRARIES if theirs else LIBRARIES[::-1]
    (tmp_path / "a.txt").write_text("hello")
    store = of(maker).Backoff(of(maker).FileSystemArtifactStore(tmp_path))
    study = user.create_study()
    artifact_id = of(user).upload_artifact(
        artifact_store=store, file_path=str(tmp_path / "a.txt"), study_or_trial=study.ask()
    )
    of(user).download_artifact(artifact_store=store, file_path=str(tmp_path / "b.txt"), artifact_id=artifact_id)
    assert (tmp_path / "b.txt").read_text() == "hello"


def test_notes_of_a_study_in_the_same_form(tmp_path: Path) -> None:
    """So that a study copied from one library to the other keeps its artifacts."""
    (tmp_path / "a.txt").write_text("hello")
    study, theirs = optimist.create_study(), optuna.create_study()
    optimist.artifacts.upload_artifact(
        artifact_store=optimist.artifacts.FileSystemArtifactStore(tmp_path),
        file_path=str(tmp_path / "a.txt"),
        study_or_trial=study,
    )
    for key, value in study.view().system_attrs.items():
        theirs._storage.set_study_system_attr(theirs._study_id, key, value)
    (ours,) = optimist.artifacts.get_all_artifact_meta(study)
    assert [asdict(meta) for meta in optuna.artifacts.get_all_artifact_meta(theirs)] == [asdict(ours)]
