"""The cells of a decision as rows of a table, those that need somebody first (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness import labels
from harness.cell import Device
from harness.github import words
from harness.github.markdown import Markdown, code
from harness.ledger.difference import Kind as Moved
from harness.ledger.gate import CellDecision, Decision, Effect
from harness.verdict import Reason

_TOGETHER = "\N{NO-BREAK SPACE}"  # else the sign is in a line of its own, where columns are narrow
_ORDER = (Effect.BLOCKS, Effect.NO_VERDICT, Effect.NO_RECORD, Effect.WAIVED, Effect.COUNTED)
_HARMLESS = {Effect.WAIVED: "waived", Effect.COUNTED: "advisory", Effect.IGNORED: "quarantined"}


_MOVED = {
    Moved.REGRESSED: "passed before",
    Moved.FIXED: "failed before",
    Moved.SAME_RED: "failed before, too",
    Moved.NEW: "new",
}


class Row(NamedTuple):
    """One cell."""

    model: Markdown
    weights: Markdown
    tool: Markdown
    environment: Markdown
    verdict: Markdown
    why: Markdown


class Table(NamedTuple):
    """Its title, the rows that are shown, and how many more there are."""

    title: Markdown
    rows: Sequence[Row]
    more: int


def table_of(decision: Decision, most: int, *, moved: Mapping[str, Moved] | None = None) -> Table:
    """The table with at most so many rows; ``moved`` is what became of cells by key."""
    ordered = sorted(decision.cells, key=_urgency)
    shown = [_row(decided, (moved or {}).get(decided.key)) for decided in ordered[:most]]
    title = words.counted(len(ordered))
    counts = words.counts(decision)
    return Table(Markdown(f"{title}: {counts}" if counts else title), shown, len(ordered) - len(shown))


def _urgency(decided: CellDecision) -> int:
    return _ORDER.index(decided.effect) if decided.effect in _ORDER else len(_ORDER)


def _row(decided: CellDecision, moved: Moved | None) -> Row:
    cell = decided.cell
    device = "" if cell.device is Device.CPU else f" on {cell.device.value}"
    return Row(
        model=code(f"{cell.model.id} {cell.model.version}".rstrip()),
        weights=Markdown(cell.weights_format.value if cell.weights_format else "–"),
        tool=code(f"{cell.consumer.name} {cell.consumer.version}"),
        environment=Markdown(f"{code(cell.environment.name)}{device}" if cell.environment else "–"),
        verdict=_verdict(decided),
        why=_why(decided, moved),
    )


def _verdict(decided: CellDecision) -> Markdown:
    if decided.status is None:
        return Markdown(f"?{_TOGETHER}no result")
    look = labels.STATUS[decided.status]
    return Markdown(f"{look.icon}{_TOGETHER}{look.label}")


def _why(decided: CellDecision, moved: Moved | None) -> Markdown:
    told = [labels.REASON[Reason.from_slug(decided.reason)].label] if decided.reason else []
    if moved in _MOVED:
        told.append(_MOVED[moved])
    if decided.effect in _HARMLESS:
        told.append(f"{_HARMLESS[decided.effect]}: does not block")
    return Markdown("; ".join(told))
