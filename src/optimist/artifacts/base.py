"""The contract of artifact stores."""

from __future__ import annotations

from typing import BinaryIO, Protocol


class ArtifactStore(Protocol):
    """Keeps files under ids; the same contract as Optuna's, so that stores written for it can be used.

    The id is made by :func:`upload_artifact`. Whoever implements a store makes ``write`` all or nothing: a reader never
    finds half an artifact.
    """

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact for reading; the caller closes it.

        Raises:
            ArtifactNotFound: There is none of this id.
        """

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep what can be read from ``content_body``, which stays open. What was there under this id is replaced."""

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact.

        Raises:
            ArtifactNotFound: There is none of this id, and the store can tell.
        """
