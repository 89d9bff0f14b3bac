"""Whose failure it is when another tool than the reference runtime fails: what is known while cells run.

What follows from it is in :mod:`harness.ledger.whose`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from harness.cell import Cell
from harness.consumers import CONSUMERS, REFERENCE
from harness.ledger.record import Record
from harness.ledger.whose import Tool, Weights, Whose, tells_more, weights_of
from harness.verdict import Status

WHOSE = Whose(
    reference=REFERENCE,
    tools={name: Tool(title=consumer.TITLE, home=consumer.HOME) for name, consumer in CONSUMERS.items()},
)

_LOOK_SECONDS = 0.2


class ReferenceRecords:
    """What the reference runtime makes of weights, as far as it is known. For several threads."""

    def __init__(self, known: Iterable[Record] = ()) -> None:
        self._of: dict[Weights, Record] = {}
        self._running: dict[str, Weights] = {}  # by key
        self._noted = threading.Condition()
        for record in known:
            self.note(record)

    def begin(self, key: str, cell: Cell) -> None:
        """A cell begins; its record will be noted."""
        if cell.consumer.name == REFERENCE:
            with self._noted:
                self._running[key] = weights_of(cell)

    def note(self, record: Record) -> None:
        """Keep a record, if it answers the question."""
        if record.consumer.name != REFERENCE:
            return
        weights = weights_of(record.cell)
        with self._noted:
            self._running.pop(record.key, None)
            if tells_more(record, self._of.get(weights)):
                self._of[weights] = record
            self._noted.notify_all()

    def of(self, cell: Cell, *, cancel: threading.Event) -> Record | None:
        """The reference runtime's record of the same weights; where one is in the making, waits for it."""
        weights = weights_of(cell)
        with self._noted:
            while not self._settled(weights) and not cancel.is_set():
                self._noted.wait(_LOOK_SECONDS)  # nobody notifies of a run that is stopped
            return self._of.get(weights)

    def _settled(self, weights: Weights) -> bool:
        known = self._of.get(weights)
        works = known is not None and known.status is Status.PASSED
        return works or weights not in self._running.values()
