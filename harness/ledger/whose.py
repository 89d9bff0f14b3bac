"""Whose failure it is when another tool than the reference runtime fails (pure).

The same weights may work in the reference runtime: then it is the tool's. Whether they do is known from the
run itself, which begins the reference runtime's cells first, from its ledger, or from the other parts of a
run once they are put together; nothing is run to find out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from harness import labels
from harness.cell import Cell, Device, WeightsFormat
from harness.ledger.record import Record
from harness.verdict import Blame, Reason, Stage, Status

_OF_THE_WEIGHTS = (Stage.LOAD, Stage.RUN, Stage.COMPARE, Stage.CONSISTENCY)  # in this order
_OF_THE_AUTHOR = (Blame.MODEL, Blame.METADATA)
_UNDECLARED = Reason.UNDECLARED_DEPENDENCY.slug

_UNKNOWN = "what the reference runtime makes of these weights is not known here"
_PASSED = "the reference runtime gives the declared outputs with these weights"
_FAILED = "the reference runtime fails with these weights, too: "
_FAILED_ELSEWHERE = "the reference runtime fails with these weights, too, but not at this: "
_NOT_OPENED = "the reference runtime does not open these weights"

Weights = tuple[str, WeightsFormat | None, Device]


class Tool(NamedTuple):
    """Whom a hint names: the tool as its team writes it, and its page."""

    title: str
    home: str


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Who can act, given which tool is the reference runtime and what all tools are called.

    Attributes:
        reference: the name of the reference runtime.
        tools: by the name of the consumer.
    """

    reference: str
    tools: Mapping[str, Tool]

    def hangs_on_reference(self, record: Record) -> bool:
        """Whether the blame of a record depends on what the reference runtime makes of the same weights."""
        return (
            record.consumer.name != self.reference
            and record.status is Status.FAILED
            and record.stage in _OF_THE_WEIGHTS
            and not _imports_what_is_not_declared(record)
        )

    def references(self, records: Iterable[Record]) -> dict[Weights, Record]:
        """The reference runtime's record of all weights that it has answered for."""
        found: dict[Weights, Record] = {}
        for record in records:
            weights = weights_of(record)
            if record.consumer.name == self.reference and tells_more(record, found.get(weights)):
                found[weights] = record
        return found

    def blamed(self, record: Record, reference: Record | None) -> Record:
        """The record with the blame that the reference runtime's record supports.

        Only where the reference runtime fails with the same weights, too, no later than the tool and by the
        author's doing, the author can act; else the tool's team can, and the message says what is known.
        """
        if not self.hangs_on_reference(record):
            return record
        message = f"{record.message}\n{_known(record, reference)}"
        if _fails_so(record, reference) and reference is not None and reference.blame in _OF_THE_AUTHOR:
            return msgspec.structs.replace(record, message=message)
        hint = labels.HINT_IN_TOOL.format(**self.tools[record.consumer.name]._asdict())
        return msgspec.structs.replace(record, blame=Blame.TOOL, message=message, hint=hint)

    def blamed_again(self, record: Record, reference: Record | None) -> Record:
        """The same for a record that was blamed by what was known then; as it is if nothing is known now."""
        if reference is None or not self.hangs_on_reference(record):
            return record
        return self.blamed(_before_it_was_blamed(record), reference)


def _imports_what_is_not_declared(record: Record) -> bool:
    """Whether code of the model does: in every tool that does not happen to have it, that is the author's."""
    return record.reason == _UNDECLARED and record.weights_format is WeightsFormat.PYTORCH_STATE_DICT


def _fails_so(record: Record, reference: Record | None) -> bool:
    """Whether the reference runtime fails at what the tool fails at, or before."""
    return (
        reference is not None
        and reference.status is Status.FAILED
        and reference.reason != _UNDECLARED  # what it has not got says nothing of the weights
        and reference.stage in _OF_THE_WEIGHTS
        and record.stage in _OF_THE_WEIGHTS
        and _OF_THE_WEIGHTS.index(reference.stage) <= _OF_THE_WEIGHTS.index(record.stage)
    )


def _known(record: Record, reference: Record | None) -> str:
    """What is known of the weights, in words."""
    if reference is None:
        return _UNKNOWN
    if reference.status is Status.PASSED:
        return _PASSED
    if reference.reason is not None and reference.status is Status.FAILED:
        failed = _FAILED if _fails_so(record, reference) else _FAILED_ELSEWHERE
        return f"{failed}{labels.REASON[Reason.from_slug(reference.reason)].label}"
    return _NOT_OPENED


def _before_it_was_blamed(record: Record) -> Record:
    """The record with the blame of its reason, and without what the message says of the reference runtime."""
    message, _, known = record.message.rpartition("\n")
    said = known in (_UNKNOWN, _PASSED, _NOT_OPENED) or known.startswith((_FAILED, _FAILED_ELSEWHERE))
    if record.reason is None or not said:
        return record
    reason = Reason.from_slug(record.reason)
    # What is a failure only because the policy requires more is the model's.
    blame = reason.blame if reason.status is Status.FAILED else Blame.MODEL
    hint = labels.REASON[reason].hint
    return msgspec.structs.replace(record, blame=blame, message=message, hint=hint)


def tells_more(record: Record, known: Record | None) -> bool:
    """Whether a record takes the place of an earlier one: what works in one environment works."""
    return record.status.conclusive and (known is None or known.status is not Status.PASSED)


def weights_of(cell: Cell | Record) -> Weights:
    """What the same question is asked of in two tools."""
    return cell.model.sha256, cell.weights_format, cell.device
