"""A bounded sample of two arrays of one shape: what the kind of their difference is guessed from."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array

LIMIT = 1 << 20
_SPATIAL = ("z", "y", "x")


class Pair(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Elements of both arrays at the same places.

    Attributes:
        produced, expected: float64 of one shape, in multiples of ``unit``, so that no square overflows.
        axes: a name for each axis.
        shape: of the whole arrays.
        positions: for each axis the sorted indices within the whole arrays.
        tolerance: ``atol`` is in multiples of ``unit``, too.
    """

    produced: Array
    expected: Array
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    positions: tuple[Array, ...]
    tolerance: Tolerance
    unit: float

    @property
    def spatial(self) -> tuple[int, ...]:
        """The axes that are named z, y or x and have more than one element."""
        return tuple(i for i, name in enumerate(self.axes) if name in _SPATIAL and self.produced.shape[i] > 1)

    def is_whole(self, axis: int) -> bool:
        """Whether every index along an axis is in the sample."""
        return len(self.positions[axis]) == self.shape[axis]


def spread(produced: Array, expected: Array, *, axes: Sequence[str], tolerance: Tolerance) -> Pair:
    """At most ``LIMIT`` elements from everywhere.

    Along an axis that is too long, a quarter of the sampled indices is dense at either end and the rest is
    evenly spaced. The indices are symmetric and the same for axes of one length: the sample of a flipped or
    transposed array is the flipped or transposed sample.
    """
    return _sample(produced, expected, axes, tolerance, _everywhere)


def centre(produced: Array, expected: Array, *, axes: Sequence[str], tolerance: Tolerance) -> Pair:
    """At most ``LIMIT`` neighbouring elements around the centre."""
    return _sample(produced, expected, axes, tolerance, _in_the_middle)


def central(shape: tuple[int, ...], limit: int) -> tuple[slice, ...]:
    """The central part of an array with at most ``limit`` elements: the longest axes are cut."""
    longest = _longest(shape, limit)
    kept = [min(size, longest) for size in shape]
    return tuple(slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(shape, kept, strict=True))


def differs(produced: Array, expected: Array, tolerance: Tolerance) -> Array:
    """Which elements are beyond tolerance. NaN and infinity equal only themselves."""
    finite = np.isfinite(produced) & np.isfinite(expected)
    allowed = tolerance.atol + tolerance.rtol * np.abs(expected)
    same = (produced == expected) | (np.isnan(produced) & np.isnan(expected))
    beyond: Array = ~same & ~(finite & (np.abs(produced - expected) <= allowed))
    return beyond


def _sample(
    produced: Array,
    expected: Array,
    axes: Sequence[str],
    tolerance: Tolerance,
    choose: Callable[[int, int], Array],
) -> Pair:
    shape = expected.shape
    names = tuple(axes) if len(axes) == len(shape) else tuple(map(str, range(len(shape))))
    longest = _longest(shape, LIMIT)
    positions = tuple(choose(size, longest) for size in shape)
    p, e = (array[np.ix_(*positions)].astype(np.float64) for array in (produced, expected))
    unit = max(float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array))) for array in (p, e)) or 1.0
    return Pair(
        produced=p / unit,
        expected=e / unit,
        axes=names,
        shape=shape,
        positions=positions,
        tolerance=msgspec.structs.replace(tolerance, atol=tolerance.atol / unit),
        unit=unit,
    )


def _longest(shape: tuple[int, ...], limit: int) -> int:
    """How long an axis may be so that no more than ``limit`` elements are left."""

    def elements(longest: int) -> int:
        return math.prod(min(size, longest) for size in shape)

    return max(1, bisect_right(range(1, max(shape, default=1) + 1), limit, key=elements))


def _everywhere(size: int, longest: int) -> Array:
    if size <= longest or longest < 2:
        return _in_the_middle(size, longest)
    half = longest // 2
    dense = half // 2
    inner = np.linspace(dense, (size - 1) // 2, half - dense).astype(np.intp)
    first = np.concatenate((np.arange(dense), inner))
    return np.union1d(first, size - 1 - first)


def _in_the_middle(size: int, longest: int) -> Array:
    kept = min(size, longest)
    return np.arange(kept) + (size - kept) // 2
