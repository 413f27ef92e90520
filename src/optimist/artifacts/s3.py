"""Artifacts in S3 and in what speaks its protocol."""

from __future__ import annotations

from typing import Any, BinaryIO, cast

from optimist.artifacts.client import Client
from optimist.exceptions import ArtifactNotFound, MissingDependencyError

_NOT_FOUND = frozenset({"NoSuchKey", "404"})


class Boto3ArtifactStore:
    """Keep artifacts as objects of a bucket, their ids being the keys.

    A store without a ``client`` of yours can be sent to worker processes, each of which makes its own client.

    Args:
        bucket_name: The bucket, which exists.
        client: How to reach S3; None for ``boto3.client("s3")``, which reads the environment.
        avoid_buf_copy: Taken for compatibility: what is uploaded is never copied to memory as a whole.

    Raises:
        MissingDependencyError: boto3 is not installed.
    """

    def __init__(self, bucket_name: str, client: Any = None, *, avoid_buf_copy: bool = False) -> None:
        self.bucket = bucket_name
        self._client = Client(client, _boto3, _make)

    @property
    def client(self) -> Any:
        """The client of this process."""
        return self._client.get()

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact for reading; the caller closes it.

        Raises:
            ArtifactNotFound: There is none of this id.
        """
        from botocore.exceptions import ClientError

        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=artifact_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_FOUND:
                raise ArtifactNotFound(
                    f"There is no artifact {artifact_id!r} in the bucket {self.bucket!r}."
                ) from error
            raise
        return cast(BinaryIO, answer["Body"])

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep what can be read from ``content_body``, all of it or nothing."""
        self.client.upload_fileobj(KeptOpen(content_body), self.bucket, artifact_id)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact. S3 does not tell whether there was one."""
        self.client.delete_object(Bucket=self.bucket, Key=artifact_id)


class KeptOpen:
    """A file that its user cannot close: boto3 closes what it has uploaded, but the file is the caller's."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        """Leave it open."""


def _boto3() -> Any:
    try:
        import boto3
    except ImportError as error:
        raise MissingDependencyError(
            "Boto3ArtifactStore needs boto3, which is not installed. Install it with: pip install 'optimist[s3]'"
        ) from error
    return boto3


def _make(boto3: Any) -> Any:
    return boto3.client("s3")
