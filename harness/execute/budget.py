"""How much may run at a time: as many cells as fit into the machine's memory, the longest first."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
import psutil

from harness.cell import Cell
from harness.ledger.record import Record

_SHARE = 0.8  # of the memory that is there when a run begins
_UNKNOWN_BYTES = 1024**3
_UNKNOWN_SECONDS = float("inf")  # what nobody has measured may be the longest


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a cell is likely to need, from its last record."""

    seconds: float = _UNKNOWN_SECONDS
    memory_bytes: int = _UNKNOWN_BYTES


class Expectations:
    """What was recorded of cells that ran, whichever version of their files that was."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._known: dict[tuple[str, ...], Expected] = {}
        for record in sorted(records, key=lambda record: record.started_at):
            if record.peak_memory_bytes:
                needed = Expected(seconds=record.seconds, memory_bytes=record.peak_memory_bytes)
                self._known[record.cell.names] = needed

    def of(self, cell: Cell) -> Expected:
        """The newest of the cell; a guess if there is none."""
        return self._known.get(cell.names, Expected())


class Budget:
    """The memory that cells may use together; one that alone needs more runs alone."""

    def __init__(self, memory_bytes: int | None = None) -> None:
        self._free = self._whole = memory_bytes or int(_SHARE * psutil.virtual_memory().available)
        self._changed = threading.Condition()

    @contextmanager
    def room(self, memory_bytes: int, *, cancel: threading.Event) -> Iterator[None]:
        """Wait until there is so much left, and hold it."""
        needed = min(memory_bytes, self._whole)
        with self._changed:
            while self._free < needed and not cancel.is_set():
                self._changed.wait(0.2)
            self._free -= needed
        try:
            yield
        finally:
            with self._changed:
                self._free += needed
                self._changed.notify_all()
