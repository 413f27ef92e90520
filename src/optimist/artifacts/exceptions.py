"""What artifact stores raise; under this name, because Optuna's users look for it here."""

from __future__ import annotations

from optimist.exceptions import ArtifactNotFound

__all__ = ["ArtifactNotFound"]
