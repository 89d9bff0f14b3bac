"""The limits of a cell: defaults, environment, size of the model, policy, command line; the last one wins."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from harness.cell import WeightsFormat
from harness.collection.model import Model
from harness.collection.variants import Variant
from harness.limits import DEFAULTS, Limits, layered

# Frameworks hold the weights several times while they load them, and a network's activations are many times
# the size of what goes in and comes out.
_BASE_BYTES = 4 * 1024**3
_WEIGHTS_COPIES = 6
_TENSOR_COPIES = 100


def limits_of(
    model: Model, weights_format: WeightsFormat, *, environment: Limits, policy: Limits, asked: Limits
) -> Limits:
    """What an attempt at the cell may use; what a later layer states wins."""
    return layered(DEFAULTS, environment, _by_size(model, weights_format), policy, asked)


def _by_size(model: Model, weights_format: WeightsFormat) -> Limits:
    """More memory for large weights and test tensors; nothing is stated for a model that is not large."""
    described = model.description
    weights = sum(_size(model.paths[file.source]) for file in described.files_for(weights_format))
    tensors = sum(
        _size(model.paths[tensor.test_tensor.source]) for tensor in (*described.inputs, *described.outputs)
    )
    largest = max([tensors, *(_of_variant(variant, model) for variant in described.variants)])
    needed = _BASE_BYTES + _WEIGHTS_COPIES * weights + _TENSOR_COPIES * largest
    return Limits(memory_bytes=needed) if needed > (DEFAULTS.memory_bytes or 0) else Limits()


def _of_variant(variant: Variant, model: Model) -> int:
    """The size of a variant's inputs and outputs in bytes."""
    inputs = zip(model.description.inputs, variant.inputs, strict=True)
    outputs = zip(
        model.description.outputs, ([size.min for size in sizes] for sizes in variant.outputs), strict=True
    )
    return sum(math.prod(shape) * np.dtype(tensor.dtype).itemsize for tensor, shape in (*inputs, *outputs))


def _size(path: Path) -> int:
    """In bytes; 0 for a file that is gone, which whoever reads it will say."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
