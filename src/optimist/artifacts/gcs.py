"""Artifacts in Google Cloud Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, cast

from optimist.artifacts.client import Client
from optimist.exceptions import ArtifactNotFound, MissingDependencyError

if TYPE_CHECKING:
    import google.cloud.storage


class GCSArtifactStore:
    """Keep artifacts as objects of a bucket, their ids being the names.

    A store without a ``client`` of yours can be sent to worker processes, each of which makes its own client.

    Args:
        bucket_name: The bucket, which exists.
        client: How to reach the service; None for ``google.cloud.storage.Client()``, which finds the credentials of
            ``gcloud auth application-default login``.

    Raises:
        MissingDependencyError: google-cloud-storage is not installed.
    """

    def __init__(self, bucket_name: str, client: google.cloud.storage.Client | None = None) -> None:
        self.bucket_name = bucket_name
        self._client = Client(client, _library, _make)

    @property
    def client(self) -> Any:
        """The client of this process."""
        return self._client.get()

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact for reading, piece by piece as it is read; the caller closes it.

        Raises:
            ArtifactNotFound: There is none of this id.
        """
        blob = self.client.bucket(self.bucket_name).get_blob(artifact_id)
        if blob is None:
            raise self._not_found(artifact_id)
        return cast(BinaryIO, blob.open("rb"))

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep what can be read from ``content_body``, all of it or nothing."""
        self.client.bucket(self.bucket_name).blob(artifact_id).upload_from_file(content_body)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact.

        Raises:
            ArtifactNotFound: There is none of this id.
        """
        from google.api_core.exceptions import NotFound

        try:
            self.client.bucket(self.bucket_name).blob(artifact_id).delete()
        except NotFound as error:
            raise self._not_found(artifact_id) from error

    def _not_found(self, artifact_id: str) -> ArtifactNotFound:
        return ArtifactNotFound(f"There is no artifact {artifact_id!r} in the bucket {self.bucket_name!r}.")


def _library() -> Any:
    try:
        from google.cloud import storage
    except ImportError as error:
        raise MissingDependencyError(
            "GCSArtifactStore needs google-cloud-storage, which is not installed. Install it with: "
            "pip install 'optimist[gcs]'"
        ) from error
    return storage


def _make(storage: Any) -> Any:
    return storage.Client()
