"""What became of cells from one side of a comparison to the other (pure)."""

from __future__ import annotations

from collections import Counter

import msgspec

from harness import labels
from harness.cell import Cell
from harness.errors import UsageError
from harness.ledger.difference import CellDifference, Kind, differences
from harness.ledger.query import slot_of
from harness.ledger.record import Record
from harness.ledger.sides import Side, What
from harness.verdict import Reason


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The differences between two sides.

    Attributes:
        base: its name.
        head: its name.
        counts: cells by kind, without kinds of which there are none.
        cells: those of ``head``, in the order of models, then those that are gone.
    """

    base: str
    head: str
    counts: dict[Kind, int]
    cells: tuple[CellDifference, ...]

    def having(self, kind: Kind) -> list[CellDifference]:
        """The cells of a kind."""
        return [each for each in self.cells if each.kind is kind]


def sections(found: Comparison) -> list[tuple[str, list[CellDifference]]]:
    """The cells that are otherwise than before under titles of a few words, what needs somebody first."""
    other_reason = [each for each in found.cells if each.other_reason]
    told = [(kind.value, found.having(kind)) for kind in _TOLD]
    told.insert(1, ("red for another reason", other_reason))
    return [(title, cells) for title, cells in told if cells]


def in_short(found: Comparison) -> str:
    """How many cells there are of each kind: "1 regressed, 12 same green"."""
    return ", ".join(f"{count} {kind.value}" for kind, count in found.counts.items()) or "no cell to compare"


def why(each: CellDifference) -> str:
    """The reason now, and that before; empty if it passed both times."""
    reasons = [
        f"{when}{labels.REASON[Reason.from_slug(record.reason)].label}"
        for record, when in ((each.now, ""), (each.before, "before: "))
        if record is not None and record.reason
    ]
    return "; ".join(reasons)


_TOLD = (
    Kind.REGRESSED,
    Kind.NO_VERDICT,
    Kind.FIXED,
    Kind.NEW,
    Kind.NOT_APPLICABLE_ANY_MORE,
    Kind.GONE,
)


def between(base: Side, head: Side, *, part: bool = False) -> Comparison:
    """Hold each cell of ``head`` against what is most alike in ``base``.

    Two versions of a tool, or two environments, are not told apart: what is held against each other is the
    same model with the same weights in them.

    Args:
        part: whether ``head`` is a part only, so that nothing is gone for want of a record in it.

    Raises:
        UsageError: they are nothing that can be held against each other.
    """
    _refuse_unlike(base, head)
    ordered = sorted(head.records, key=slot_of)
    found = differences(
        {record.key: _as_in(base, record) for record in ordered},
        ordered,
        base.records,
        whole=() if part else {record.model.source for record in base.records},
    )
    cells = tuple(
        each if each.now is None else msgspec.structs.replace(each, cell=each.now.cell) for each in found
    )
    counts = Counter(each.kind for each in cells)
    return Comparison(
        base=base.name,
        head=head.name,
        counts={kind: counts[kind] for kind in Kind if counts[kind]},
        cells=cells,
    )


_A = {
    What.TOOL: "a tool",
    What.ENVIRONMENT: "an environment",
    What.RUN: "a run",
    What.LEDGER: "a ledger",
}


def _refuse_unlike(base: Side, head: Side) -> None:
    columns = (What.TOOL, What.ENVIRONMENT)
    if base.what is not head.what and (base.what in columns or head.what in columns):
        raise UsageError(
            f"{base.name} is {_A[base.what]} and {head.name} is {_A[head.what]}: "
            "name two versions of a tool, two environments, or two runs or ledgers"
        )
    tools = [each.name.partition("==")[0] for each in (base, head)]
    if base.what is What.TOOL and tools[0] != tools[1]:
        raise UsageError(f"{base.name} and {head.name}: are different tools; name two versions of one")


def _as_in(base: Side, record: Record) -> Cell:
    """The cell as ``base`` would call it."""
    cell = record.cell
    if not base.records:
        return cell
    if base.what is What.TOOL:
        return msgspec.structs.replace(cell, consumer=base.records[0].consumer)
    if base.what is What.ENVIRONMENT:
        return msgspec.structs.replace(cell, environment=base.records[0].environment)
    return cell
