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
    folder = Path(task.outputs)
    arrays: list[Array] = []
    for output in result.outputs:
        path = folder / output.file
        if "\0" in output.file or path.parent != folder or _is_linked(path):
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


def _is_linked(path: Path) -> bool:
    """Whether it, or a folder of the cell that it is in, is a link to somewhere else."""
    return any(part.is_symlink() for part in (path, path.parent, path.parent.parent))
