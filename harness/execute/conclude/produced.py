"""Open the arrays that a worker says it has produced; the worker is not trusted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.collection.tensors import Array
from harness.execute.conclude.evidence import ResultEvent
from harness.execute.conclude.tasks import Task


def arrays_of(result: ResultEvent, task: Task) -> list[Array] | str:
    """The produced arrays, memory-mapped; or what is wrong with the files that the worker names."""
    folder = Path(task.outputs).resolve()
    arrays: list[Array] = []
    for output in result.outputs:
        path = Path(output.path)
        if path.is_symlink() or path.resolve().parent != folder:
            return f"output {output.name}: {path.name} is not in the folder of its task"
        try:
            arrays.append(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            return f"output {output.name}: {path.name} is no readable array ({error})"
    return arrays
