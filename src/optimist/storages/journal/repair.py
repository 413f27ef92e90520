"""Finding what is damaged in a journal, and writing it anew without that."""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass

from optimist.storages.journal.journal import Journal
from optimist.storages.journal.line import Damage, Scanner


@dataclass(frozen=True, slots=True)
class Repair:
    """What was found and done.

    Attributes:
        damaged: What did not count, each with the number of its line, from 1.
        n_records: How many records count.
        kept_as: The name under which the damaged journal was kept; None if nothing was damaged.
    """

    damaged: list[tuple[int, Damage]]
    n_records: int
    kept_as: str | None


def repair(journal: Journal) -> Repair:
    """Find all lines of a journal that do not count; if there are any, write it anew without them.

    Raises:
        StorageInternalError: It cannot be written; it is then as it was.
    """
    damaged: list[tuple[int, Damage]] = []
    n_records = 0

    def sound_lines() -> list[bytes] | None:
        nonlocal n_records
        damaged.clear()
        scanner = Scanner(journal.log.is_stream)
        lines: list[bytes] = []
        n_lines = 0
        journal.start_over()
        while (part := journal.log.read()).lines or part.is_new:
            tail = part.lines
            n_before = len(scanner.damaged)
            sound = scanner.scan(tail)
            refs = [ref for ref, _ in tail]
            for found in sound:
                ref, line = tail[bisect_right(refs, found.ref) - 1]
                lines.append(line[found.ref - ref : found.ref - ref + found.size])
            new = scanner.damaged[n_before:]
            damaged.extend((n_lines + bisect_right(refs, damage.ref), damage) for damage in new)
            n_lines += len(tail)
        journal.start_over()
        journal.catch_up()
        n_records = len(lines)
        return lines if damaged else None

    kept_as = journal.rewrite(sound_lines, keep_as=time.strftime(".damaged-%Y%m%dT%H%M%S", time.gmtime()))
    return Repair(list(damaged), n_records, kept_as)


def describe(damage: tuple[int, Damage]) -> str:
    """Say in a line what is damaged."""
    line, found = damage
    return f"line {line}, offset {found.ref}: {found.kind} ({found.size} bytes)"
