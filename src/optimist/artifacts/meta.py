"""What is known of an artifact besides its bytes; kept with the trial or study that it belongs to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from optimist.artifacts.owner import Owner, StorageWithAttrs, read_attrs

_PREFIX: Final = "artifacts:"  # of system attributes, as Optuna names them: studies that were copied keep theirs


@dataclass
class ArtifactMeta:
    """What is known of an artifact.

    Attributes:
        artifact_id: What the store keeps it under.
        filename: Its name when it was uploaded, without folders.
        mimetype: Its MIME type.
        encoding: What it is compressed with, such as "gzip"; None if it is not.
    """

    artifact_id: str
    filename: str
    mimetype: str
    encoding: str | None

    def to_attr(self) -> tuple[str, str]:
        """The key and value of the system attribute that says all this."""
        return _PREFIX + self.artifact_id, json.dumps(asdict(self))


def get_all_artifact_meta(study_or_trial: Owner, *, storage: StorageWithAttrs | None = None) -> list[ArtifactMeta]:
    """List the artifacts that were uploaded for a study, or for a trial.

    Args:
        study_or_trial: A study or a trial. Those of a study are its own, not those of its trials.
        storage: Where the trial lives, for a ``FrozenTrial``; None to see what the snapshot knows.

    Returns:
        In order of uploading.

    Raises:
        TypeError: It is neither study nor trial.
    """
    return _parse(read_attrs(study_or_trial, storage))


def _parse(attrs: Mapping[str, Any]) -> list[ArtifactMeta]:
    notes = [json.loads(note) for key, note in attrs.items() if key.startswith(_PREFIX)]
    return [ArtifactMeta(n["artifact_id"], n["filename"], n["mimetype"], n["encoding"]) for n in notes]
