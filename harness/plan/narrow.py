"""The part of a plan that a change asks for (pure)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from harness.plan.plan import LeftOut, Plan, PlannedCell


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a change asks for.

    Attributes:
        models: sources of models of which every cell runs.
        environments: names of those in which a selection runs.
        harness: whether a selection of everything runs.
    """

    models: Collection[str] = ()
    environments: Collection[str] = ()
    harness: bool = False


def narrowed(plan: Plan, wanted: Wanted) -> Plan:
    """The plan with what is wanted only; each model that is not touched is told as left out."""
    again = _selection(plan, wanted)
    cells = tuple(e for e in plan.cells if e.cell.model.source in wanted.models or e.key in again)
    there = {entry.cell.model.source for entry in cells}
    others = {e.cell.model.source: e.cell.model.id for e in plan.cells if e.cell.model.source not in there}
    why = "not selected: the change does not touch it"
    return msgspec.structs.replace(
        plan,
        cells=cells,
        left_out=(*plan.left_out, *(LeftOut(what=model, why=why) for model in others.values())),
    )


def columns_of(plan: Plan, environments: Collection[str]) -> Plan:
    """The plan with nothing but the columns of environments; each other environment is told as left out.

    That is every cell in them, and what needs no environment of versions of tools that are in no other.
    """
    ran = [(entry.cell.environment.name, entry.cell) for entry in plan.cells if entry.cell.environment]
    elsewhere = {cell.consumer for name, cell in ran if name not in environments}
    tools = {cell.consumer for name, cell in ran if name in environments} - elsewhere

    def is_in(entry: PlannedCell) -> bool:
        environment = entry.cell.environment
        return entry.cell.consumer in tools if environment is None else environment.name in environments

    others = dict.fromkeys(name for name, _ in ran if name not in environments)
    return msgspec.structs.replace(
        plan,
        cells=tuple(filter(is_in, plan.cells)),
        left_out=(
            *plan.left_out,
            *(LeftOut(what=f"environment {name}", why="not selected: it is not new") for name in others),
        ),
    )


def with_recorded(plan: Plan, conclusive: Collection[str], wanted: Wanted | None) -> Plan:
    """The plan with a note at cells that need not run: of their keys there are conclusive records already.

    What runs because the harness or an environment changes runs all the same.

    Args:
        conclusive: their keys.
        wanted: None if nothing was narrowed.
    """
    again = _selection(plan, wanted) if wanted else frozenset()

    def noted(entry: PlannedCell) -> PlannedCell:
        known = entry.settled is None and entry.key in conclusive and entry.key not in again
        return msgspec.structs.replace(entry, recorded=True) if known else entry

    return msgspec.structs.replace(plan, cells=tuple(map(noted, plan.cells)))


def _selection(plan: Plan, wanted: Wanted) -> frozenset[str]:
    """The keys of cells that stand for others: of each tool × weights × environment × device the shortest."""

    def is_wanted(entry: PlannedCell) -> bool:
        environment = entry.cell.environment
        return wanted.harness or (environment is not None and environment.name in wanted.environments)

    return frozenset(_representative(plan.cells, is_wanted))


def _representative(cells: Iterable[PlannedCell], is_wanted: Callable[[PlannedCell], bool]) -> Iterable[str]:
    best: dict[tuple[str, ...], tuple[float, str, str]] = {}
    for entry in cells:
        if entry.settled is None and is_wanted(entry):
            cell = entry.cell
            like = (*cell.names[1:], cell.consumer.version)
            rank = (entry.seconds, cell.model.source, entry.key)
            if like not in best or rank < best[like]:
                best[like] = rank
    return (key for _, _, key in best.values())
