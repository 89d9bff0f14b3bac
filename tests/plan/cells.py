"""Planned cells of any kind, for tests."""

from __future__ import annotations

from harness.cell import Backend, Cell, ConsumerRef, Depth, Device, EnvironmentRef, ModelRef, WeightsFormat
from harness.plan.plan import PlannedCell, Settled


def planned(
    model: str,
    consumer: str = "tool",
    environment: str = "",
    *,
    weights: WeightsFormat = WeightsFormat.ONNX,
    device: Device = Device.CPU,
    seconds: float = 0.0,
    setup_seconds: float = 0.0,
    recorded: bool = False,
) -> PlannedCell:
    """One cell; it is settled if it has no environment."""
    cell = Cell(
        model=ModelRef(id=model, version="1", sha256=model, source=model),
        weights_format=weights,
        consumer=ConsumerRef(name=consumer, version="1"),
        environment=EnvironmentRef(name=environment, backend=Backend.VENV, digest=environment)
        if environment
        else None,
        device=device,
    )
    return PlannedCell(
        key=f"{model}-{consumer}-{environment}-{weights.value}-{device.value}",
        cell=cell,
        depth=Depth.RUNTIME,
        why="asked",
        settled=None if environment else Settled(),
        seconds=seconds,
        setup_seconds=setup_seconds,
        recorded=recorded,
    )
