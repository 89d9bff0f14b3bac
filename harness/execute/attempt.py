"""One attempt at a cell: lay everything out, start the worker, conclude from what it leaves."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.cell import Depth
from harness.collection.description import Tensor
from harness.consumers import CONSUMERS
from harness.environments.built import BuiltEnvironment
from harness.execute.conclude.answers import Conclusion, conclude
from harness.execute.conclude.question import Question
from harness.execute.conclude.tasks import Task, prepare_tasks
from harness.execute.launch import Job, JobTensor, launch
from harness.execute.settings import Settings
from harness.execute.stage import stage_model
from harness.execute.workers import Workers
from harness.plan.plan import PlannedCell


class Attempted(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what it concludes and what it left."""

    conclusion: Conclusion
    log: Path
    peak_memory_bytes: int
    peak_device_memory_bytes: int = 0


def attempt(
    planned: PlannedCell,
    question: Question,
    built: BuiltEnvironment,
    settings: Settings,
    workers: Workers,
    folder: Path,
    *,
    cancel: threading.Event,
    only_ask: bool = False,
) -> Attempted:
    """Run the worker once in ``folder``, which does not exist yet.

    Args:
        only_ask: do nothing with the model but to ask the tool whether it takes it.

    Raises:
        OSError: the folder or the interpreter cannot be used.
        Interrupted: ``cancel`` was set.
    """
    folder.mkdir()
    tool = CONSUMERS[planned.cell.consumer.name]
    if only_ask or tool.DEPTH is Depth.STATIC:  # it only loads, and that means to check the description
        (folder / "inputs").mkdir()
        tasks: tuple[Task, ...] = ()
    else:
        tasks = prepare_tasks(question.model, folder, repeat=question.repeat, as_called=tool.AS_CALLED)
    staged = stage_model(question.model, question.weights_format, folder / "model")
    job = Job(
        runner=tool.RUNNER,
        description=staged.description.relative_to(folder).as_posix(),
        weights=staged.weights.relative_to(folder).as_posix(),
        weights_format=question.weights_format.value,
        device=planned.cell.device.value,
        threads=settings.threads,
        inputs=_described(question.model.description.inputs),
        outputs=_described(question.model.description.outputs),
        tasks=tasks,
    )
    log = folder.with_name(f"{folder.name}.log")  # beside the folder: the log has a limit of its own
    evidence = launch(
        job,
        workers=workers,
        built=built,
        cell=folder,
        log=log,
        limits=question.limits,
        cancel=cancel,
    )
    if evidence.tracebacks:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"\n{evidence.tracebacks}")
    return Attempted(
        conclusion=conclude(evidence, tasks, question),
        log=log,
        peak_memory_bytes=evidence.finished.peak_memory_bytes,
        peak_device_memory_bytes=evidence.peak_device_memory_bytes,
    )


def _described(tensors: Sequence[Tensor]) -> tuple[JobTensor, ...]:
    return tuple(JobTensor(name=tensor.id, axes=tensor.axes) for tensor in tensors)
