"""Outputs of cells, kept for a while so that other weights and devices can be compared with them.

They are a cache: bounded, the oldest goes first, and what is gone is only not compared. Each cell's outputs
are a folder of their own, which appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Sequence, Set
from pathlib import Path

import msgspec
import numpy as np

from harness import jsonio
from harness.cell import Cell, ConsumerRef, Device, WeightsFormat
from harness.collection.tensors import Array
from harness.errors import HarnessError
from harness.paths import cache_folder

MAX_CELL_BYTES = 256 * 1024**2
MAX_BYTES = 4 * 1024**3
_META = "meta.json"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of kept outputs; the arrays are beside it, ``0.npy`` and so on."""

    weights_format: WeightsFormat
    device: Device
    consumer: ConsumerRef
    reproduces: bool


def keep(cell: Cell, key: str, outputs: Sequence[Array], *, reproduces: bool) -> None:
    """Keep a cell's outputs, in place of former ones; not those that are too large, nor without room."""
    assert cell.weights_format is not None, "a cell that ran has weights"
    if sum(array.nbytes for array in outputs) > MAX_CELL_BYTES:
        return
    folder = _folder(cell)
    meta = Kept(
        weights_format=cell.weights_format,
        device=cell.device,
        consumer=cell.consumer,
        reproduces=reproduces,
    )
    with contextlib.suppress(OSError, HarnessError):  # a full disk: nothing is kept, nothing is lost
        folder.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        try:
            for number, array in enumerate(outputs):
                np.save(new / f"{number}.npy", array, allow_pickle=False)
            (new / _META).write_bytes(jsonio.dumps(meta))
            shutil.rmtree(folder / key, ignore_errors=True)
            new.replace(folder / key)
        finally:
            shutil.rmtree(new, ignore_errors=True)


def others(cell: Cell, *, keys: Set[str]) -> list[tuple[Kept, tuple[Array, ...]]]:
    """The newest outputs of each other weights format and device of the same model in the same tool.

    Args:
        keys: of the cells that may be compared; outputs of former environments and code have others.

    Returns:
        What is known of them, and the outputs, memory-mapped.
    """
    found: dict[tuple[WeightsFormat, Device], tuple[Kept, tuple[Array, ...]]] = {}
    for folder in sorted(_folder(cell).glob("[!.]*"), key=_modified):
        if folder.name not in keys:
            continue
        try:
            meta = jsonio.read(folder / _META, Kept)
            count = len(list(folder.glob("*.npy")))
            arrays = tuple(
                np.load(folder / f"{number}.npy", mmap_mode="r", allow_pickle=False)
                for number in range(count)
            )
        except (OSError, ValueError, EOFError, HarnessError):  # pruned meanwhile, or no folder of ours
            continue
        same = (meta.weights_format, meta.device) == (cell.weights_format, cell.device)
        if not same and meta.consumer == cell.consumer:
            found[meta.weights_format, meta.device] = meta, arrays
    return [found[place] for place in sorted(found)]


def prune() -> None:
    """Remove the oldest outputs until the rest is within ``MAX_BYTES``."""
    folders = sorted(_root().glob("*/*"), key=_modified, reverse=True)
    total = 0
    for folder in folders:
        with contextlib.suppress(OSError):
            total += sum(file.stat().st_size for file in folder.iterdir())
        if total > MAX_BYTES:
            shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return cache_folder() / "outputs"


def _folder(cell: Cell) -> Path:
    return _root() / cell.model.sha256[:32]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
