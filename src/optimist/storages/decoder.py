"""From documents to changes."""

from __future__ import annotations

from optimist.distributions import BaseDistribution
from optimist.history.draft import SpaceParams, TrialChange
from optimist.storages.documents import Document, read_attrs
from optimist.storages.known import KnownDistributions


class Decoder:
    """Turns documents into changes; trials with the same parameters share one object that says which these are.

    Args:
        known: All distributions that the documents refer to.
    """

    def __init__(self, known: KnownDistributions) -> None:
        self._items = known.items
        self._spaces: dict[tuple[int, ...], tuple[tuple[str, BaseDistribution], ...]] = {}

    def complete(self, change: TrialChange, document: Document) -> TrialChange:
        """Add to a change what a document says."""
        if document.params:
            change.params = SpaceParams(self._space(tuple(document.space)), document.params)
        if document.values is not None:
            change.values = tuple(document.values)
        if document.reports:
            change.reports = dict(zip(document.steps, document.reports, strict=True))
        if document.metrics:
            change.metrics = document.named()
        if document.user_attrs:
            change.user_attrs = read_attrs(document.user_attrs)
        if document.system_attrs:
            change.system_attrs = read_attrs(document.system_attrs)
        return change

    def _space(self, ids: tuple[int, ...]) -> tuple[tuple[str, BaseDistribution], ...]:
        space = self._spaces.get(ids)
        if space is None:
            space = self._spaces[ids] = tuple(self._items[i] for i in ids)
        return space
