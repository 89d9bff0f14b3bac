"""Let a worker do one job and come back with evidence, whatever happens to it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness import jsonio, proc
from harness.environments.built import BuiltEnvironment
from harness.execute.conclude.evidence import Evidence, read_reply
from harness.execute.conclude.tasks import Task
from harness.execute.workers import Kind, Workers
from harness.limits import Limits
from harness.worker import protocol

_REPLY = "reply.jsonl"


class JobTensor(msgspec.Struct, frozen=True, kw_only=True):
    """An input or output of the model as its description calls it: its name, and that of each axis."""

    name: str
    axes: tuple[str, ...]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told; see ``harness.worker``. Paths are relative to the job's folder."""

    protocol: int = protocol.VERSION
    runner: str
    description: str
    weights: str = ""
    weights_format: str
    device: str
    threads: int
    reply: str = _REPLY
    inputs: Sequence[JobTensor] = ()
    outputs: Sequence[JobTensor] = ()
    tasks: Sequence[Task] = ()


def launch(
    job: Job,
    *,
    workers: Workers,
    built: BuiltEnvironment,
    cell: Path,
    log: Path,
    limits: Limits,
    cancel: threading.Event,
) -> Evidence:
    """Run the job.

    Args:
        cell: the job's folder, of which the worker may see and change all but what it is given to read.
        limits: of the worker and all that it starts; ``disk_bytes`` is held against ``cell``.

    Raises:
        OSError: the interpreter cannot be started.
        Interrupted: ``cancel`` was set.
    """
    told = msgspec.structs.replace(job, tasks=[_relative(task, cell) for task in job.tasks])
    (cell / "job.json").write_bytes(jsonio.dumps(told))  # plain: a full scratch disk is no full --output
    (cell / _REPLY).touch()
    kind = Kind(built.ref.digest, job.runner)
    finished = workers.run(cell, kind, built, log=log, limits=limits, cancel=cancel)
    events, malformed = read_reply(cell / _REPLY)
    return Evidence(finished=finished, events=events, malformed=malformed, log_tail=proc.tail(log))


def _relative(task: Task, cell: Path) -> Task:
    inputs = tuple(Path(path).relative_to(cell).as_posix() for path in task.inputs)
    outputs = Path(task.outputs).relative_to(cell).as_posix()
    return msgspec.structs.replace(task, inputs=inputs, outputs=outputs)
