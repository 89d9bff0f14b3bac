"""How long cells took when they ran last (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from harness.ledger.record import Record


def seconds_by_names(records: Iterable[Record]) -> dict[tuple[str, ...], float]:
    """Wall time of the newest execution of each cell that ran, by ``Cell.names``: whatever its files were."""
    newest: dict[tuple[str, ...], tuple[str, float]] = {}
    for record in records:
        if record.peak_memory_bytes:  # else nothing ran
            names, took = record.cell.names, (record.started_at, record.seconds)
            newest[names] = max(newest.get(names, took), took)
    return {names: seconds for names, (_, seconds) in newest.items()}
