"""What a worker may leave behind: replies about a tiny model, with real arrays and no process."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from harness.cell import WeightsFormat
from harness.collection.tensors import Array
from harness.execute.conclude.evidence import (
    BeginEvent,
    EndEvent,
    ErrorEvent,
    Event,
    Evidence,
    LoadedEvent,
    ProducedOutput,
    ResultEvent,
    StageEvent,
)
from harness.execute.conclude.question import Question
from harness.execute.conclude.tasks import Task, prepare_tasks
from harness.limits import DEFAULTS
from harness.policy import DEFAULT
from harness.proc import Finished
from tests.collection.packages import good, write_model

ENDED = Finished(
    exit_code=0,
    signal=None,
    limit=None,
    seconds=1.0,
    cpu_seconds=1.0,
    peak_memory_bytes=1000,
    supervised=True,
)
LOADED: tuple[Event, ...] = (
    StageEvent(stage="import", seconds=0.1),
    StageEvent(stage="load", seconds=0.1),
    LoadedEvent(seconds=0.5),
)
ERROR = ErrorEvent(
    stage="run",
    task=None,
    type="ValueError",
    message="too small",
    missing_module=None,
    causes=("ValueError: too small",),
    traceback="Traceback",
    where="",
    in_worker=False,
)


class Setting(msgspec.Struct, frozen=True):
    """A question about a model that gives back its input, and the tasks that answer it."""

    question: Question
    tasks: tuple[Task, ...]

    @property
    def variants(self) -> tuple[Task, ...]:
        """The tasks of other sizes: 4, 6 and 8 elements, one and two at a time."""
        return tuple(task for task in self.tasks if task.variant is not None)


def setting(folder: Path, *, repeat: int = 1, **described: Any) -> Setting:
    """Everything laid out below a new folder; ``described`` are changes of the description that was read."""
    model = good(write_model(folder / "model"))
    changed = msgspec.structs.replace(model.description, **described)
    question = Question(
        model=msgspec.structs.replace(model, description=changed),
        weights_format=WeightsFormat.TORCHSCRIPT,
        limits=DEFAULTS,
        policy=DEFAULT,
        repeat=repeat,
    )
    tasks = prepare_tasks(question.model, folder / "scratch", repeat=repeat)
    for task in tasks:
        Path(task.outputs).mkdir(parents=True)
    return Setting(question, tasks)


_NUMBERS = itertools.count()


def result(task: Task, *arrays: Array) -> ResultEvent:
    """The task produced these arrays; they are stored."""
    outputs = []
    for array in arrays:
        path = Path(task.outputs) / f"{next(_NUMBERS)}.npy"
        np.save(path, array)
        outputs.append(ProducedOutput(name="out", file=path.name))
    return ResultEvent(task=task.name, seconds=0.25, outputs=tuple(outputs), peak_memory_bytes=7000)


def file_of(event: ResultEvent, task: Task) -> Path:
    """Where the first array that the task produced is stored."""
    return Path(task.outputs) / event.outputs[0].file


def declared(task: Task) -> Array:
    """What the model gives: its input."""
    array: Array = np.load(task.inputs[0])
    return array


def error(task: Task | None = None, **changes: Any) -> ErrorEvent:
    """An exception in a task, or while loading."""
    changes = {"task": task.name if task else None, "stage": "run" if task else "load"} | changes
    return msgspec.structs.replace(ERROR, **changes)


def worked(tasks: Sequence[Task], **instead: Event | None) -> tuple[Event, ...]:
    """A whole reply: every task gives what it should, but for what it says ``instead`` (by its name).

    With None the reply ends in the middle of that task.
    """
    events = [*LOADED]
    for task in tasks:
        name = task.name.replace("-", "_")
        events.append(BeginEvent(task=task.name))
        event = instead.get(name, result(task, declared(task)) if name not in instead else None)
        if event is None:
            return tuple(events)
        events.append(event)
    return (*events, EndEvent())


def evidence(*events: Event, malformed: str | None = None, log_tail: str = "", **ended: Any) -> Evidence:
    """What is known of an attempt with this reply."""
    finished = msgspec.structs.replace(ENDED, **ended)
    return Evidence(finished=finished, events=events, malformed=malformed, log_tail=log_tail)
