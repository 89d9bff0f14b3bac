"""Open test tensors without running anything: plain numeric ``.npy`` of a bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from harness.collection.description import Tensor
from harness.collection.fault import ModelFault
from harness.verdict import Reason

Array = np.ndarray[Any, np.dtype[Any]]
MAX_BYTES = 4 * 1024**3
_NUMERIC_KINDS = "biuf"


def open_tensor(path: Path, tensor: Tensor) -> Array:
    """The test tensor, memory-mapped read-only, with the rank that the axes describe.

    Raises:
        ModelFault: TEST_TENSOR_INVALID with field and file.
    """
    where = f"field {tensor.test_tensor.field}: {tensor.test_tensor.source}"
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        what = "holds Python objects" if "allow_pickle" in str(error) else f"is no readable .npy ({error})"
        raise ModelFault(
            Reason.TEST_TENSOR_INVALID, f"{where} {what}; save plain numbers with numpy.save"
        ) from error
    if not isinstance(array, np.ndarray):
        raise ModelFault(
            Reason.TEST_TENSOR_INVALID, f"{where} is an .npz archive; save one array with numpy.save"
        )
    if array.dtype.kind not in _NUMERIC_KINDS:
        raise ModelFault(
            Reason.TEST_TENSOR_INVALID, f"{where} has data type {array.dtype}; numbers are needed"
        )
    if array.nbytes > MAX_BYTES:
        raise ModelFault(
            Reason.TEST_TENSOR_INVALID, f"{where} is {array.nbytes:,} bytes; at most {MAX_BYTES:,} are tested"
        )
    if array.ndim != len(tensor.axes):
        raise ModelFault(
            Reason.TEST_TENSOR_INVALID,
            f"{where} has {array.ndim} dimensions {array.shape}, the {len(tensor.axes)} axes are {tensor.axes}",
        )
    return array
