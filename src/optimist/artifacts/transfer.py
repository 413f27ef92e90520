"""To a store, and back."""

from __future__ import annotations

import mimetypes
import shutil
import uuid
from pathlib import Path
from typing import Final

from optimist.artifacts.base import ArtifactStore
from optimist.artifacts.meta import ArtifactMeta
from optimist.artifacts.owner import Owner, StorageWithAttrs, check_writable, write_attr
from optimist.artifacts.replacing import replacing

_UNKNOWN_TYPE: Final = "application/octet-stream"


def upload_artifact(
    *,
    artifact_store: ArtifactStore,
    file_path: str,
    study_or_trial: Owner,
    storage: StorageWithAttrs | None = None,
    mimetype: str | None = None,
    encoding: str | None = None,
) -> str:
    """Keep a file in a store, and note with a trial or study that it belongs to it.

    First the file, then the note: a note always has its file.

    Args:
        artifact_store: Where to keep it.
        file_path: The file.
        study_or_trial: Whose it is. A trial must not be finished.
        storage: Where the trial lives; for a ``FrozenTrial``.
        mimetype: Its MIME type; None to guess from its name.
        encoding: What it is compressed with, such as "gzip"; None to guess from its name.

    Returns:
        The artifact's id.

    Raises:
        OSError: The file cannot be read.
        TypeError: ``study_or_trial`` is neither.
        ValueError: It is a ``FrozenTrial``, and there is no ``storage``.
        UpdateFinishedTrialError: The trial is finished.
    """
    check_writable(study_or_trial, storage)
    name = Path(file_path).name
    guessed_type, guessed_encoding = mimetypes.guess_type(name)
    meta = ArtifactMeta(
        str(uuid.uuid4()), name, mimetype or guessed_type or _UNKNOWN_TYPE, encoding or guessed_encoding
    )
    with Path(file_path).open("rb") as file:
        artifact_store.write(meta.artifact_id, file)
    write_attr(study_or_trial, storage, *meta.to_attr())
    return meta.artifact_id


def download_artifact(*, artifact_store: ArtifactStore, file_path: str, artifact_id: str) -> None:
    """Fetch an artifact.

    Args:
        artifact_store: Where it is kept.
        file_path: Where to put it. A file that is there is replaced, once the new one is complete.
        artifact_id: Which one; see :func:`get_all_artifact_meta`. The file name that it was uploaded under is text that
            somebody chose: put it into a path only if you trust them.

    Raises:
        ArtifactNotFound: There is none of this id.
        OSError: The file cannot be written.
    """
    path = Path(file_path).resolve()  # so that a link stays, and the file it points to is replaced
    with artifact_store.open_reader(artifact_id) as reader:
        if path.exists() and not path.is_file():  # such as a pipe, which is written into
            with path.open("wb") as file:
                shutil.copyfileobj(reader, file)
            return
        with replacing(path) as file:
            shutil.copyfileobj(reader, file)
