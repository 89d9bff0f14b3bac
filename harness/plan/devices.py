"""What of a plan can run where a device is missing (pure: what is missing is told, not looked for)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from harness.cell import Device
from harness.plan.plan import LeftOut, Plan, PlannedCell


def devices_of(plan: Plan) -> frozenset[Device]:
    """The devices that something is to run on."""
    return frozenset(entry.cell.device for entry in plan.cells if entry.settled is None)


def for_machine(plan: Plan, *, missing: Mapping[Device, str], required: Collection[Device]) -> Plan:
    """The plan for one machine: what needs a device that it lacks is left out, with the reason.

    A plan as it was made is for any machine: it can be made without a GPU, and run where there is one.

    Args:
        missing: in words why a device cannot be used there.
        required: devices whose cells stay: they end without a verdict, which says why.
    """
    gone = {device: why for device, why in missing.items() if device not in required}
    left_out = tuple(_left_out(entry, gone[entry.cell.device]) for entry in plan.cells if _is_of(entry, gone))
    return msgspec.structs.replace(
        plan,
        cells=tuple(entry for entry in plan.cells if not _is_of(entry, gone)),
        left_out=(*plan.left_out, *left_out),
    )


def _is_of(entry: PlannedCell, devices: Collection[Device]) -> bool:
    return entry.settled is None and entry.cell.device in devices


def _left_out(entry: PlannedCell, why: str) -> LeftOut:
    cell = entry.cell
    weights = cell.weights_format.value if cell.weights_format else ""
    environment = cell.environment.name if cell.environment else ""
    device = cell.device.value
    what = " · ".join((cell.model.id, weights, cell.consumer.name, environment, device))
    return LeftOut(what=what, why=f"{device} cannot be used on this machine: {why}")
