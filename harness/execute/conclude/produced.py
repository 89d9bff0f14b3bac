"""Open the arrays that a worker says it has produced; the worker is not trusted."""

from __future__ import annotations

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
        if path.parent != folder or not _is_plain(path):
            return f"output {output.name}: {path.name} is not in the folder of its task"
        try:
            arrays.append(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            return f"output {output.name}: {path.name} is no readable array ({error})"
    return arrays


def _is_plain(path: Path) -> bool:
    """Whether it is a file, in folders of the cell that are no links to somewhere else."""
    links = (path, path.parent, path.parent.parent)
    return path.is_file() and not any(link.is_symlink() for link in links)
