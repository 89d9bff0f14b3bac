"""What the worker is asked to compute, and with which inputs."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from harness.collection.model import Model
from harness.collection.tensors import Array
from harness.collection.variants import Variant

REPRODUCES = "reproduces"
AS_CALLED = "as-called"
REPEAT = "repeat"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One prediction. ``variant`` is None for the declared test inputs; ``padding`` as consumers call it."""

    name: str
    inputs: tuple[str, ...]
    outputs: str
    padding: bool
    variant: Variant | None = None

    @property
    def repeats(self) -> bool:
        """Whether it only asks once more what the first task asked."""
        return self.name.startswith(f"{REPEAT}-")


def prepare_tasks(
    model: Model, scratch: Path, *, repeat: int = 1, as_called: bool = True
) -> tuple[Task, ...]:
    """Write every input below ``scratch`` and return the tasks in the order in which they run.

    The test inputs come first without padding (reproduces), ``repeat`` times in all, then the variants, and
    last the default call of consumers, if that is another one (``as_called``): a crash there leaves the
    answers of the others.
    """
    arrays = [model.test_tensor(tensor) for tensor in model.description.inputs]
    declared = _write(arrays, scratch / "inputs" / REPRODUCES)
    tasks = [_task(REPRODUCES, declared, scratch)]
    tasks += [_task(f"{REPEAT}-{number}", declared, scratch) for number in range(2, repeat + 1)]
    for number, variant in enumerate(model.description.variants):
        resized = [resize(array, shape) for array, shape in zip(arrays, variant.inputs, strict=True)]
        name = f"variant-{number}"
        tasks.append(_task(name, _write(resized, scratch / "inputs" / name), scratch, variant=variant))
    if as_called:
        tasks.append(_task(AS_CALLED, declared, scratch, padding=True))
    return tuple(tasks)


def resize(array: Array, shape: tuple[int, ...]) -> Array:
    """Crop around the centre and pad by mirroring until the array has ``shape`` (of the same rank)."""
    crop = tuple(
        slice((have - want) // 2, (have - want) // 2 + want) if have > want else slice(None)
        for have, want in zip(array.shape, shape, strict=True)
    )
    missing = [max(0, want - have) for have, want in zip(array.shape, shape, strict=True)]
    width = [(total // 2, total - total // 2) for total in missing]
    return np.pad(array[crop], width, mode="symmetric") if any(missing) else np.ascontiguousarray(array[crop])


def _write(arrays: list[Array], folder: Path) -> tuple[str, ...]:
    folder.mkdir(parents=True)
    paths = tuple(folder / f"{number}.npy" for number in range(len(arrays)))
    for path, array in zip(paths, arrays, strict=True):
        # As every reader of the format has them: in C order, little-endian.
        np.save(path, np.asarray(array, array.dtype.newbyteorder("<"), order="C"), allow_pickle=False)
    return tuple(map(str, paths))


def _task(
    name: str,
    inputs: tuple[str, ...],
    scratch: Path,
    *,
    padding: bool = False,
    variant: Variant | None = None,
) -> Task:
    return Task(
        name=name, inputs=inputs, outputs=str(scratch / "outputs" / name), padding=padding, variant=variant
    )
