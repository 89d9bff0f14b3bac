"""What cells needed when they ran last (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from harness.ledger.record import Record


class Needed(NamedTuple):
    """Seconds of wall time, and bytes of memory at most."""

    seconds: float
    memory_bytes: int


def needed_by_names(records: Iterable[Record]) -> dict[tuple[str, ...], Needed]:
    """What the newest execution of each cell that ran needed, by ``Cell.names``, whatever its files were."""
    newest: dict[tuple[str, ...], tuple[str, Needed]] = {}
    for record in records:
        if record.peak_memory_bytes:  # else nothing ran
            names = record.cell.names
            needed = record.started_at, Needed(record.seconds, record.peak_memory_bytes)
            newest[names] = max(newest.get(names, needed), needed)
    return {names: needed for names, (_, needed) in newest.items()}
