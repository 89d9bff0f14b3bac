"""A comparison on the page of a run: what became of cells, in Markdown (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness import labels
from harness.cell import Device
from harness.github.markdown import Markdown, code
from harness.github.summary import LONGEST
from harness.github.templates import render
from harness.ledger.between import Comparison, in_short, sections, why
from harness.ledger.difference import CellDifference, Kind
from harness.ledger.record import Record

_ROWS = (1000, 300, 100, 30, 10, 0)  # of each section


class Row(NamedTuple):
    """One cell."""

    model: Markdown
    weights: Markdown
    tool: Markdown
    environment: Markdown
    before: Markdown
    now: Markdown
    why: Markdown


class Section(NamedTuple):
    """Cells of which the same became, and how many are not shown."""

    title: Markdown
    cells: int
    rows: Sequence[Row]
    more: int


def text_of(found: Comparison, *, longest: int = LONGEST) -> str:
    """The Markdown of at most ``longest`` bytes, with fewer cells where not all have room."""
    texts = (_text(found, rows) for rows in _ROWS)
    return next((text for text in texts if len(text.encode()) <= longest), "")


def _text(found: Comparison, rows: int) -> str:
    nobody_knows = not found.counts or Kind.NO_VERDICT in found.counts
    return render(
        "compared.md.j2",
        symbol=Markdown("✗" if Kind.REGRESSED in found.counts else "?" if nobody_knows else "✓"),
        base=code(found.base),
        head=code(found.head),
        short=Markdown(in_short(found)),
        sections=[
            Section(_title(title), len(cells), list(map(_row, cells[:rows])), max(0, len(cells) - rows))
            for title, cells in sections(found)
        ],
    )


def _title(words: str) -> Markdown:
    return Markdown(words[:1].upper() + words[1:])


def _row(each: CellDifference) -> Row:
    cell = each.cell
    device = "" if cell.device is Device.CPU else f" on {cell.device.value}"
    return Row(
        model=code(f"{cell.model.id} {cell.model.version}".rstrip()),
        weights=Markdown(cell.weights_format.value if cell.weights_format else "–"),
        tool=code(f"{cell.consumer.name} {cell.consumer.version}"),
        environment=Markdown(f"{code(cell.environment.name)}{device}" if cell.environment else "–"),
        before=_verdict(each.before),
        now=_verdict(each.now),
        why=Markdown(why(each)),
    )


def _verdict(record: Record | None) -> Markdown:
    if record is None:
        return Markdown("–")
    look = labels.STATUS[record.status]
    return Markdown(f"{look.icon} {look.label}")
