"""Planned cells that need no model and no environment."""

from __future__ import annotations

from harness.cell import Cell, ConsumerRef, Depth, Device, ModelRef
from harness.plan.plan import PlannedCell, Settled
from harness.verdict import Reason


def planned(name: str, reason: Reason = Reason.DESCRIPTION_INVALID) -> PlannedCell:
    """A cell whose verdict the plan knows."""
    cell = Cell(
        model=ModelRef(id=name, source=name),
        weights_format=None,
        consumer=ConsumerRef(name="bioimageio.core", version="0.11.0"),
        environment=None,
        device=Device.CPU,
    )
    known = Settled(reason=reason.slug, message="rdf.yaml: field name: is missing")
    return PlannedCell(key=name, cell=cell, depth=Depth.STATIC, why="it cannot be read", settled=known)
