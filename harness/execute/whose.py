"""Whose failure it is when another tool than the reference runtime fails.

The same weights may work in the reference runtime: then it is the tool's. Whether they do is known from the
run itself, which begins the reference runtime's cells first, or from its ledger; nothing is run to find out.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import msgspec

from harness import labels
from harness.cell import Cell, Device, WeightsFormat
from harness.consumers import CONSUMERS, REFERENCE
from harness.ledger.record import Record
from harness.verdict import Blame, Reason, Stage, Status

_OF_THE_WEIGHTS = (Stage.LOAD, Stage.RUN, Stage.COMPARE, Stage.CONSISTENCY)
_OF_THE_AUTHOR = (Blame.MODEL, Blame.METADATA)
# What is not declared is missing in every tool that does not happen to have it.
_ANYWHERE = (Reason.UNDECLARED_DEPENDENCY.slug,)

_LOOK_SECONDS = 0.2

_Weights = tuple[str, WeightsFormat | None, Device]


class ReferenceRecords:
    """What the reference runtime makes of weights, as far as it is known. For several threads."""

    def __init__(self, known: Iterable[Record] = ()) -> None:
        self._of: dict[_Weights, Record] = {}
        self._running: dict[str, _Weights] = {}  # by key
        self._noted = threading.Condition()
        for record in known:
            self.note(record)

    def begin(self, key: str, cell: Cell) -> None:
        """A cell begins; its record will be noted."""
        if cell.consumer.name == REFERENCE:
            with self._noted:
                self._running[key] = _weights(cell)

    def note(self, record: Record) -> None:
        """Keep a record, if it answers the question. What works in one environment works."""
        if record.consumer.name != REFERENCE:
            return
        weights = _weights(record.cell)
        with self._noted:
            self._running.pop(record.key, None)
            known = self._of.get(weights)
            if record.status.conclusive and (known is None or known.status is not Status.PASSED):
                self._of[weights] = record
            self._noted.notify_all()

    def of(self, cell: Cell, *, cancel: threading.Event) -> Record | None:
        """The reference runtime's record of the same weights; where one is in the making, waits for it."""
        weights = _weights(cell)
        with self._noted:
            while not self._settled(weights) and not cancel.is_set():
                self._noted.wait(_LOOK_SECONDS)  # nobody notifies of a run that is stopped
            return self._of.get(weights)

    def _settled(self, weights: _Weights) -> bool:
        known = self._of.get(weights)
        works = known is not None and known.status is Status.PASSED
        return works or weights not in self._running.values()


def hangs_on_reference(record: Record) -> bool:
    """Whether the blame of a record depends on what the reference runtime makes of the same weights."""
    return (
        record.consumer.name != REFERENCE
        and record.status is Status.FAILED
        and record.stage in _OF_THE_WEIGHTS
        and record.reason not in _ANYWHERE
    )


def blamed(record: Record, reference: Record | None) -> Record:
    """The record with the blame that the reference runtime's record supports (pure).

    Only where the reference runtime fails with the same weights, too, and by the author's doing, the author
    can act; else the tool's team can, and the message says what is known.
    """
    if not hangs_on_reference(record):
        return record
    if reference is None:
        known = "what the reference runtime makes of these weights is not known here"
    elif reference.status is Status.PASSED:
        known = "the reference runtime gives the declared outputs with these weights"
    elif reference.status is Status.FAILED:
        assert reference.reason is not None, "what did not pass has a reason"
        label = labels.REASON[Reason.from_slug(reference.reason)].label
        known = f"the reference runtime fails with these weights, too: {label}"
    else:
        known = "the reference runtime does not open these weights"
    message = f"{record.message}\n{known}"
    if reference is not None and reference.status is Status.FAILED and reference.blame in _OF_THE_AUTHOR:
        return msgspec.structs.replace(record, message=message)
    tool = CONSUMERS[record.consumer.name]
    hint = labels.HINT_IN_TOOL.format(title=tool.TITLE, home=tool.HOME)
    return msgspec.structs.replace(record, blame=Blame.TOOL, message=message, hint=hint)


def _weights(cell: Cell) -> _Weights:
    return cell.model.sha256, cell.weights_format, cell.device
