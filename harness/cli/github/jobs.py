"""The jobs of a matrix: one for each shard of a plan (pure)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from harness import jsonio
from harness.cell import Device
from harness.github.runners import Runners
from harness.job_names import ShardName
from harness.plan.plan import Plan, PlannedCell
from harness.plan.shard import Part, shard_count, split

_NAMED = 3  # environments in the name of a job


class Job(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """One entry of the matrix.

    Attributes:
        shard: "2/5", for ``harness run --shard``.
        name: what is in it, in words of our own.
        runner: labels for ``runs-on``.
        artifact: what its results are handed over as.
        cache_key: the same for the same locked environments.
        downloads_key: the same for the same models with the same files.
        environments: their names.
    """

    shard: str
    name: str
    runner: tuple[str, ...]
    artifact: str
    cache_key: str
    downloads_key: str
    environments: tuple[str, ...]


def jobs_of(
    plan: Plan,
    *,
    target_seconds: float,
    most: int,
    runners: Runners,
    memory_of: Callable[[PlannedCell], int],
) -> list[tuple[Job, Part]]:
    """The jobs that run a plan, each with its cells; none if there are no cells.

    Args:
        target_seconds: what one should take.
        most: how many there may be.
        memory_of: bytes that a cell is expected or allowed to use.

    Raises:
        ConfigurationError: there is no runner for a device.
    """
    count = shard_count(plan.cells, target_seconds=target_seconds, most=most)
    parts = split(plan.cells, count)
    return [
        (_job(part, number, count, runners, memory_of), part)
        for number, part in enumerate(parts, start=1)
        if part.cells
    ]


def _job(
    part: Part, number: int, count: int, runners: Runners, memory_of: Callable[[PlannedCell], int]
) -> Job:
    running = [entry for entry in part.cells if entry.settled is None and not entry.recorded]
    used = {entry.cell.environment for entry in running if entry.cell.environment}
    environments = sorted({environment.name for environment in used})
    devices = {entry.cell.device for entry in running} or {Device.CPU}
    models = {entry.cell.model.sha256 for entry in running}
    return Job(
        shard=f"{number}/{count}",
        artifact=str(ShardName(number, count)),
        name=_name(len({entry.cell.model.source for entry in part.cells}), environments),
        runner=runners.of(devices, max(map(memory_of, running), default=0)),
        cache_key=jsonio.digest(sorted(f"{e.backend.value} {e.digest}" for e in used)),
        downloads_key=jsonio.digest(sorted(models)),
        environments=tuple(environments),
    )


def _name(models: int, environments: list[str]) -> str:
    """Nothing in it is chosen by a model."""
    what = f"{models} model{'s' * (models != 1)}"
    if not environments:
        return f"{what}, nothing to run"
    more = len(environments) - _NAMED
    return f"{what} in {', '.join(environments[:_NAMED])}" + (f" and {more} more" if more > 0 else "")
