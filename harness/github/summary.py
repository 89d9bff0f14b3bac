"""The summary of a job: models by tools, and what to do about each red cell (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harness import labels
from harness.cell import ConsumerRef
from harness.github import words
from harness.github.groups import Group, groups
from harness.github.markdown import Markdown, code, summary
from harness.github.templates import render
from harness.ledger.gate import CellDecision, Decision, Effect
from harness.ledger.record import Record
from harness.verdict import Reason, Status

LONGEST = 1024 * 1024
"""Bytes that GitHub takes from one step."""

_RED = (Effect.BLOCKS, Effect.NO_VERDICT, Effect.WAIVED, Effect.COUNTED)
_WORST_FIRST = (Status.FAILED, Status.INCONCLUSIVE, None, Status.PASSED, Status.NOT_APPLICABLE)
_RED_STATUSES = (Status.FAILED, Status.INCONCLUSIVE)
_LINES = 20


class Depth(NamedTuple):
    """How many models and red cells are told."""

    models: int
    red: int


_DEPTHS = (Depth(3000, 500), Depth(1000, 200), Depth(300, 100), Depth(100, 30), Depth(10, 3), Depth(0, 0))


class Row(NamedTuple):
    """A model, and what it is in each tool."""

    model: Markdown
    verdicts: Sequence[Markdown]


class RedCell(NamedTuple):
    """A red cell: its line, and what to do."""

    line: Markdown
    group: Group
    effect: Markdown
    reproduce: Markdown


def summary_of(
    decision: Decision, records: Mapping[str, Record], *, part: str = "", longest: int = LONGEST
) -> str:
    """The Markdown of at most ``longest`` bytes, with fewer models and cells where not all have room.

    Args:
        records: of the planned cells, by key.
        part: which part of the plan it is about, e.g. "2/8"; empty if it is about all of it.
    """
    texts = (_summary(decision, records, part, depth) for depth in _DEPTHS)
    return next((text for text in texts if len(text.encode()) <= longest), "")


def _summary(decision: Decision, records: Mapping[str, Record], part: str, depth: Depth) -> str:
    tools = list(dict.fromkeys(decided.cell.consumer for decided in decision.cells))
    by_model: dict[tuple[str, str], list[CellDecision]] = {}
    for decided in decision.cells:
        by_model.setdefault((decided.cell.model.id, decided.cell.model.version), []).append(decided)
    ordered = sorted(by_model.values(), key=lambda cells: min(map(_rank, cells)))
    red = [decided for effect in _RED for decided in decision.having(effect)]
    headline = "; ".join(filter(None, (words.failure(decision), words.no_verdict(decision))))
    headline = headline or words.well(decision)
    return render(
        "summary.md.j2",
        symbol=Markdown("✓" if decision.exit_code == 0 else "✗" if decision.exit_code == 1 else "?"),
        headline=Markdown(headline[:1].upper() + headline[1:]),
        part=Markdown(part),
        cells=Markdown(words.counted(len(decision.cells))),
        counts=Markdown(
            ", ".join(
                f"{labels.STATUS[status].icon} {count:,} {labels.STATUS[status].label}"
                for status, count in decision.counts.items()
                if count
            )
        ),
        tools=[code(f"{tool.name} {tool.version}") for tool in tools],
        rows=[_row(cells, tools) for cells in ordered[: depth.models]],
        more_models=max(0, len(ordered) - depth.models),
        red=[_red(decided, records) for decided in red[: depth.red]],
        more_red=max(0, len(red) - depth.red),
        lines=_LINES,
    )


def _rank(decided: CellDecision) -> int:
    return _WORST_FIRST.index(decided.status)


def _row(cells: Sequence[CellDecision], tools: Sequence[ConsumerRef]) -> Row:
    model = cells[0].cell.model
    named = code(f"{model.id} {model.version}".rstrip())
    return Row(named, [_verdicts([c for c in cells if c.cell.consumer == tool]) for tool in tools])


def _verdicts(cells: Sequence[CellDecision]) -> Markdown:
    """The statuses of a model's cells in one tool, the worst first."""
    by_status: dict[Status | None, list[CellDecision]] = {}
    for decided in cells:
        by_status.setdefault(decided.status, []).append(decided)
    told = []
    for status in sorted(by_status, key=_WORST_FIRST.index):
        look = labels.STATUS[status or Status.INCONCLUSIVE]
        word = look.label if status else "no result"
        which = f"{_which(by_status[status])} " if len(by_status) > 1 else ""
        told.append(f"{look.icon} {which}{word}")
    return Markdown(", ".join(told))


def _which(cells: Sequence[CellDecision]) -> str:
    """The only weights format that these cells are about, else how many they are."""
    formats = {decided.cell.weights_format for decided in cells}
    only = formats.pop() if len(formats) == 1 else None
    return only.value if only and cells[0].status in _RED_STATUSES else str(len(cells))


def _red(decided: CellDecision, records: Mapping[str, Record]) -> RedCell:
    record = records[decided.key]
    cell = decided.cell
    what = [cell.model.id]
    if cell.weights_format is not None:
        what += [cell.weights_format.value, f"{cell.consumer.name} {cell.consumer.version}"]
    label = labels.REASON[Reason.from_slug(str(record.reason))].label
    look = labels.STATUS[record.status]
    harmless = decided.effect in (Effect.WAIVED, Effect.COUNTED)
    return RedCell(
        line=Markdown(f"{look.icon} {' · '.join(map(summary, what))}: {look.label}, {label}"),
        group=groups([decided], records)[0],
        effect=code(decided.rule, longest=400) if harmless else Markdown(),
        reproduce=code(f"harness reproduce {decided.key[:12]}"),
    )
