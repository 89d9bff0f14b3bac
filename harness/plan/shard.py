"""Split a plan into parts that run on different machines (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from harness.plan.plan import PlannedCell


def shard(cells: Iterable[PlannedCell], index: int, count: int) -> tuple[PlannedCell, ...]:
    """Part ``index`` (from 1) of ``count``: every cell is in exactly one.

    The cells of one model stay together, since its weights formats are compared with each other; the number
    of models differs by one at most.

    Raises:
        ValueError: there is no such part.
    """
    if not 1 <= index <= count:
        raise ValueError(f"there is no part {index} of {count}")
    models: dict[str, list[PlannedCell]] = {}
    for cell in cells:
        models.setdefault(cell.cell.model.source, []).append(cell)
    return tuple(cell for mine in list(models.values())[index - 1 :: count] for cell in mine)
