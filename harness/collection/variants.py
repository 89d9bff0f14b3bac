"""The other sizes and batches that a description promises to take, with the output shapes that follow."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

MAX_ELEMENTS = 2**28
_LARGEST = 2**63 - 1  # what an array can have, and what the cache can hold
_STEPS = (0, 1, 2)
_FREE_BATCHES = (1, 2)


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How long an output axis may be; ``max`` is None without a bound."""

    min: int
    max: int | None

    def allows(self, size: int) -> bool:
        """Whether an axis of this many elements is as described."""
        return size >= self.min and (self.max is None or size <= self.max)


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One set of input shapes.

    Attributes:
        name: as messages say it, e.g. "n=1, batch=2".
        inputs: for each input in order, the size of each axis in order.
        outputs: for each output in order, the size that each axis may have.
    """

    name: str
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[Size, ...], ...]


class Planned(NamedTuple):
    """What is tested, and in words what is promised but not tested (empty if that is nothing)."""

    variants: tuple[Variant, ...]
    left_out: str


def plan_variants(model: Any) -> Planned:
    """Sizes ``min + n * step`` for n = 0, 1, 2 where a size is parametrised, batch 1 and 2 where it is free.

    Args:
        model: a ``bioimageio.spec.model.v0_5.ModelDescr``.

    Returns:
        Variants with different input shapes, smallest first; a single one if nothing is parametrised. Those
        of more than ``MAX_ELEMENTS`` input elements are left out, and said so.
    """
    sizes = [
        (tensor.id, axis.id, axis.size)
        for tensor in model.inputs
        for axis in tensor.axes
        if axis.type != "batch"
    ]
    parametrised = [(tensor, axis) for tensor, axis, size in sizes if hasattr(size, "step")]
    batches = {axis.size for tensor in model.inputs for axis in tensor.axes if axis.type == "batch"}
    fixed = sorted(batch for batch in batches if batch is not None)
    variants: dict[tuple[tuple[int, ...], ...], Variant] = {}
    too_large: dict[tuple[tuple[int, ...], ...], str] = {}
    for batch in fixed or (_FREE_BATCHES if batches else (1,)):
        for n in _STEPS if parametrised else (0,):
            resolved = model.get_axis_sizes(dict.fromkeys(parametrised, n), batch_size=batch)
            inputs = tuple(
                tuple(int(resolved.inputs[tensor.id, axis.id]) for axis in tensor.axes)
                for tensor in model.inputs
            )
            name = ", ".join([f"n={n}"] * bool(parametrised) + [f"batch={batch}"] * bool(batches))
            name = name or "as described"
            if sum(_product(shape) for shape in inputs) > MAX_ELEMENTS:
                too_large.setdefault(inputs, name)
                continue
            outputs = tuple(
                tuple(_size(resolved.outputs[tensor.id, axis.id]) for axis in tensor.axes)
                for tensor in model.outputs
            )
            variants.setdefault(inputs, Variant(name=name, inputs=inputs, outputs=outputs))
    left_out = f"sizes beyond {MAX_ELEMENTS:,} elements are not tested: {'; '.join(too_large.values())}"
    return Planned(tuple(variants.values()), left_out if too_large else "")


def _size(size: Any) -> Size:
    """An exact size, or the range of one that depends on the data."""
    if isinstance(size, int):
        return Size(min=size, max=size)
    largest = None if size.max is None or size.max > _LARGEST else int(size.max)
    return Size(min=min(int(size.min), _LARGEST), max=largest)


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product
