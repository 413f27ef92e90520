"""The client of a cloud's library: the user's, or one that each process makes for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Client:
    """Gives a client; can be sent to another process if it is not the user's own.

    Args:
        given: The user's client, if there is one.
        load: Imports the library, or raises ``MissingDependencyError``; a function of a module.
        make: Makes a client, given the library; likewise.
    """

    def __init__(self, given: Any, load: Callable[[], Any], make: Callable[[Any], Any]) -> None:
        self._given, self._load, self._make = given, load, make
        self._made: Any = None
        if given is None:
            load()  # so that a missing library is told of at once

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None}

    def get(self) -> Any:
        """The client of this process, which is made when it is first asked for."""
        if self._given is not None:
            return self._given
        if self._made is None:
            self._made = self._make(self._load())
        return self._made
