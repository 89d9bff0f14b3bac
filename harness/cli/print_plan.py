"""A plan in words: what runs, and why the rest does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from harness.cli.columns import print_columns, print_lines
from harness.cli.progress import console_for_tables
from harness.verdict import Status

if TYPE_CHECKING:
    from harness.plan.plan import Plan, PlannedCell

_Entry = TypeVar("_Entry")


def print_plan(plan: Plan, *, every: bool = False, most: int | None = None) -> None:
    """Print each cell that a tool opens, and once each reason why others are not applicable or left out.

    Args:
        every: a line for each cell and for all that is left out.
        most: cells, and reasons, at most.
    """
    console = console_for_tables()
    cells = [entry for entry in plan.cells if every or not _not_applicable(entry)]
    print_columns(
        console, ("model", "weights", "consumer", "environment", "device", "why"), map(_row, cells[:most])
    )
    if every:
        print_lines(console, (f"left out: {left.what}: {left.why}" for left in plan.left_out[:most]))
        return
    not_applicable = _in_groups("not applicable", filter(_not_applicable, plan.cells), _told_of_cell)
    left_out = _in_groups("left out", plan.left_out, lambda left: (left.what, left.why))
    print_lines(console, [*not_applicable, *left_out][:most])


def _row(entry: PlannedCell) -> tuple[str, ...]:
    cell = entry.cell
    return (
        cell.model.id,
        cell.weights_format.value if cell.weights_format else "–",
        f"{cell.consumer.name} {cell.consumer.version}".rstrip(),
        cell.environment.name if cell.environment else "–",
        cell.device.value,
        entry.settled.message if entry.settled else entry.why,
    )


def _not_applicable(entry: PlannedCell) -> bool:
    return entry.settled is not None and entry.settled.verdict.status is Status.NOT_APPLICABLE


def _told_of_cell(entry: PlannedCell) -> tuple[str, str]:
    model, weights, consumer, *_, why = _row(entry)
    return f"{model} · {weights} · {consumer}", why


def _in_groups(
    heading: str, entries: Iterable[_Entry], told: Callable[[_Entry], tuple[str, str]]
) -> Iterator[str]:
    """What is alike in one line: why, the first that it is so for, and how many more."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        what, why = told(entry)
        groups.setdefault(why, []).append(what)
    for why, (first, *others) in groups.items():
        yield f"{heading}: {first}{f' and {len(others)} more' if others else ''}: {why}"
