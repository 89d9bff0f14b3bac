"""Open test tensors without running anything: plain numeric ``.npy`` of a bounded size."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from harness.collection.description import Tensor
from harness.collection.fault import ModelFault
from harness.collection.named_files import NamedFile
from harness.verdict import Reason

Array = np.ndarray[Any, np.dtype[Any]]
MAX_BYTES = 4 * 1024**3
_NUMERIC_KINDS = "biuf"
_ZIP_MAGIC = b"PK\x03\x04"


def open_tensor(path: Path, tensor: Tensor) -> Array:
    """The test tensor, memory-mapped read-only, with the rank that the axes describe.

    Raises:
        ModelFault: TEST_TENSOR_INVALID with field and file.
    """
    return _open(path, tensor.test_tensor, tensor.axes)


def open_array(path: Path, file: NamedFile) -> Array:
    """An attached array of whatever rank, memory-mapped read-only; raises ModelFault as ``open_tensor``."""
    return _open(path, file, None)


def _open(path: Path, file: NamedFile, axes: tuple[str, ...] | None) -> Array:
    try:
        problem = _problem(path, axes)
        if problem is None:
            return _load(path)
    except Exception as error:  # numpy raises whatever a hostile header makes it raise
        problem = (
            f"is no readable .npy ({_first_line(error)}); save one array of plain numbers with numpy.save"
        )
    where = f"field {file.field}: {file.source!r}"
    raise ModelFault(Reason.TEST_TENSOR_INVALID, f"{where} {problem}")


def _problem(path: Path, axes: tuple[str, ...] | None) -> str | None:
    """What is wrong, read from the header alone: nothing is mapped for a size that only a header claims."""
    with path.open("rb") as stream:
        if stream.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC:
            return "is an .npz archive; save one array with numpy.save"
        stream.seek(0)
        shape, dtype = _header(stream)
        stored = path.stat().st_size - stream.tell()
    size = math.prod(shape) * dtype.itemsize
    axes = tuple(map(str, range(len(shape)))) if axes is None else axes
    described = f"{len(axes)} axes are {', '.join(axes)}"
    problems = {
        "holds Python objects; save plain numbers with numpy.save": dtype.hasobject,
        f"has data type {dtype}; plain numbers are needed": dtype.kind not in _NUMERIC_KINDS,
        f"has {len(shape)} dimensions {shape}, the {described}": len(shape) != len(axes),
        f"has shape {shape} and so no element": size <= 0,
        f"is {size:,} bytes; at most {MAX_BYTES:,} are tested": size > MAX_BYTES,
        f"is cut short: its header tells of {size:,} bytes, {stored:,} are there": size > stored,
    }
    return next((problem for problem, found in problems.items() if found), None)


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and data type; the header's text is parsed as literals of a bounded length."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about headers that Python 2 wrote
        old = np.lib.format.read_magic(stream)[0] == 1
        read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    return shape, dtype


def _load(path: Path) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
