"""Open the arrays that a worker says it has produced; the worker is not trusted."""

from __future__ import annotations

import stat
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
        if "\0" in output.path or path.is_symlink() or path.resolve().parent != folder:
            return f"output {output.name}: {path.name} is not in the folder of its task"
        try:
            arrays.append(_open(path))
        except Exception as error:  # numpy raises whatever a hostile header makes it raise
            return f"output {output.name}: {path.name} is no readable array ({error})"
    return arrays


def _open(path: Path) -> Array:
    """Map one array. A named pipe would never end, and an archive is no array."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError("no regular file")
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError("an archive of several")
    return array
