"""Artifacts in a folder, one file each."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO, Final

from optimist.artifacts.replacing import replacing
from optimist.exceptions import ArtifactNotFound

_LONGEST_NAME: Final = 255  # bytes; what file systems allow
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')  # separators, and what other systems read something into


class FileSystemArtifactStore:
    """Keep artifacts as files of one folder, say on a drive that all workers share.

    An id is the name of a file in that folder, and nothing else: ids with separators, ``..`` and the like are refused,
    and a symbolic link in the folder is no artifact, so that nothing outside of the folder is ever read, written or
    removed. A file appears once it is complete and on the disk.

    Args:
        base_path: The folder; made when the first artifact is written.
    """

    def __init__(self, base_path: str | Path) -> None:
        self._folder = Path(base_path)

    def open_reader(self, artifact_id: str) -> BinaryIO:
        """Open an artifact for reading; the caller closes it.

        Raises:
            ArtifactNotFound: There is none of this id.
            ValueError: It is no id.
        """
        path = self._path(artifact_id)
        # Without following links, and without waiting should somebody have put a pipe there.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        if path.is_symlink():
            raise _not_found(artifact_id, self._folder)
        try:
            descriptor = os.open(path, flags)
        except OSError as error:
            if isinstance(error, FileNotFoundError) or path.is_symlink():
                raise _not_found(artifact_id, self._folder) from error
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise _not_found(artifact_id, self._folder)
        return os.fdopen(descriptor, "rb")

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Keep what can be read from ``content_body``, all of it or nothing.

        Raises:
            ValueError: It is no id.
        """
        path = self._path(artifact_id)
        self._folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            shutil.copyfileobj(content_body, file)

    def remove(self, artifact_id: str) -> None:
        """Remove an artifact.

        Raises:
            ArtifactNotFound: There is none of this id.
            ValueError: It is no id.
        """
        path = self._path(artifact_id)
        if path.is_symlink() or not path.is_file():
            raise _not_found(artifact_id, self._folder)
        path.unlink()

    def _path(self, artifact_id: str) -> Path:
        """The file of an id, right in the folder."""
        is_name = (
            artifact_id.isprintable()  # no NUL, no line breaks, no lone surrogates
            and artifact_id == artifact_id.strip()
            and not artifact_id.startswith(".")
            and not artifact_id.endswith(".")
            and not _FORBIDDEN.intersection(artifact_id)
            and 0 < len(artifact_id.encode()) <= _LONGEST_NAME
        )
        if not is_name:
            raise ValueError(
                f"An artifact's id must be a plain file name without separators or a leading dot, but is {artifact_id!r}."
            )
        return self._folder / artifact_id


def _not_found(artifact_id: str, folder: Path) -> ArtifactNotFound:
    return ArtifactNotFound(f"There is no artifact {artifact_id!r} in {str(folder)!r}.")
