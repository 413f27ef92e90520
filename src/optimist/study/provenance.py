"""How trials came to be: with which sampler, seed and pruner, by which command, on which versions.

``Study.optimize`` notes it in a system attribute of the study, once per setting: a report tells how to do it again. What stands
in the command is kept as typed, but for passwords in URLs and for what follows options such as ``--token``.
"""

from __future__ import annotations

import platform
import re
import shlex
import sys
from pathlib import Path
from typing import Any, Final, Protocol

from optimist.history.attributes import CONSTRAINED_KEY, PROVENANCE_KEY
from optimist.history.history import History
from optimist.history.parameter_constraint import ParameterConstraint
from optimist.logging import get_logger
from optimist.pruners.base import BasePruner
from optimist.samplers.base import BaseSampler
from optimist.version import __version__

_logger = get_logger(__name__)

_LIBRARIES: Final = ("numpy", "scipy", "sklearn", "torch", "tensorflow", "jax", "xgboost", "lightgbm", "catboost")
_N_MAX_NOTES: Final = 20
_SECRET_OPTION: Final = re.compile(
    r"(--?[\w-]*(?:passw|token|secret|credential|api[_-]?key)[\w-]*)(=.*)?", re.IGNORECASE | re.DOTALL
)
_PASSWORD: Final = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)")


class _Ledger(Protocol):
    @property
    def history(self) -> History: ...
    def set_study_attr(self, key: str, value: Any, *, is_system: bool) -> None: ...


def note_provenance(ledger: _Ledger, sampler: BaseSampler, pruner: BasePruner) -> None:
    """Note how the trials that begin now come to be; nothing if that is noted already.

    Two workers that note something at the same moment may lose one of the notes.
    """
    notes = list(ledger.history.system_attrs.get(PROVENANCE_KEY, []))
    note = provenance_of(sampler, pruner)
    place = next((i for i, known in enumerate(notes) if _is_same(note, known)), len(notes))
    if place == len(notes):
        notes.append(note)
    elif note["versions"].keys() <= notes[place]["versions"].keys():
        return
    else:  # further libraries were loaded meanwhile
        notes[place] = {**note, "versions": notes[place]["versions"] | note["versions"]}
    if len(notes) <= _N_MAX_NOTES:
        ledger.set_study_attr(PROVENANCE_KEY, notes, is_system=True)


def note_constraint(ledger: _Ledger, constraint: ParameterConstraint | None) -> None:
    """Note that trials keep to a parameter constraint, which itself cannot be stored; warn where it is missing."""
    noted = ledger.history.system_attrs.get(CONSTRAINED_KEY)
    if constraint is not None:
        name = getattr(constraint.predicate, "__qualname__", repr(constraint.predicate))
        if noted != name:
            ledger.set_study_attr(CONSTRAINED_KEY, name, is_system=True)
    elif noted:
        _logger.warning(
            "The study has had the parameter_constraint %r, which this process does not know; its trials may break it. Give "
            "parameter_constraint= to load_study() or create_study().",
            noted,
        )


def _is_same(note: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether one is known already; that a library was not loaded makes no difference."""
    ours, theirs = note["versions"], known.get("versions", {})
    return all(note[key] == known.get(key) for key in note if key != "versions") and all(
        theirs.get(name, version) == version for name, version in ours.items()
    )


def provenance_of(sampler: BaseSampler, pruner: BasePruner) -> dict[str, Any]:
    """What this process would note: sampler, seed (None: random, or not known), pruner, command, versions."""
    return {
        "sampler": type(sampler).__name__,
        "seed": _seed_of(sampler),
        "pruner": type(pruner).__name__,
        "command": command(sys.argv),
        "versions": versions(),
    }


def _seed_of(sampler: BaseSampler) -> int | None:
    streams = getattr(sampler, "streams", None)
    seed = getattr(streams, "seed", None)
    return seed if isinstance(seed, int) else None


def command(arguments: list[str]) -> str | None:
    """A command line as one would type it; None where there is none, as in a notebook."""
    if not arguments or arguments[0] in ("", "-c", "-m") or "ipykernel" in arguments[0]:
        return None
    script = Path(arguments[0]).name
    words = [*(["python"] if script.endswith(".py") else []), script, *_without_secrets(arguments[1:])]
    return shlex.join(words)


def _without_secrets(words: list[str]) -> list[str]:
    shown, hides_next = [], False
    for word in words:
        option = _SECRET_OPTION.fullmatch(word)
        if option is not None:
            shown.append(option[1] + ("=***" if option[2] else ""))
        else:
            shown.append("***" if hides_next and not word.startswith("-") else _PASSWORD.sub(r"\1:***", word))
        hides_next = option is not None and not option[2]
    return shown


def versions() -> dict[str, str]:
    """Versions of Optimist and Python, and of the usual libraries that are loaded."""
    found = {"optimist": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            found[name] = version
    return found
