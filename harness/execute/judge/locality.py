"""Where two arrays differ: in one channel, within a block, along the border."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from harness.execute.judge.chunks import Array
from harness.execute.judge.paired_sample import Pair

_CHANCE = math.log(1e-4)  # of elements that differ at random places to be found so close together
_DENSE = 0.1  # of the elements of a place must differ
_LARGEST = 0.5  # of the array may be border
_BLOCK = 0.25  # of the array may be a block
_ITEMS = {
    name: (word, f"{word}s", "")
    for word, names in (
        ("batch item", ("b", "batch")),
        ("channel", ("c", "channel")),
        ("time point", ("t", "time")),
    )
    for name in names
}


class Place(NamedTuple):
    """A part of the whole arrays; nothing differs elsewhere."""

    words: str
    where: tuple[slice, ...]


def part(pair: Pair, differing: Array) -> Place | None:
    """The channels, batch items or the block outside of which nothing differs; None if there is no such part.

    Args:
        differing: for each element of the sample whether it differs; some do.
    """
    space = pair.spatial
    where = [slice(None)] * differing.ndim
    words: list[str] = []
    for axis in (axis for axis in range(differing.ndim) if axis not in space):
        found = _indices(pair, axis, differing)
        if found:
            where[axis] = slice(found[0], found[-1] + 1, found[1] - found[0] if len(found) > 1 else 1)
            words.append(_of_indices(pair.axes[axis], found, pair.shape[axis]))
    block = _block(pair, space, differing[tuple(where)])
    for axis, (first, last) in block.items():
        where[axis] = slice(first, last + 1)
        words.append(f"{pair.axes[axis]} {first}{f' to {last}' if last > first else ''}")
    return Place(f"only in {', '.join(words)} (counted from 0)", tuple(where)) if words else None


def border(pair: Pair, differing: Array) -> str:
    """How near to the border everything is that differs, in words; empty if it is not near on all sides."""
    for count in range(1, len(pair.spatial) + 1):
        for axes in combinations(pair.spatial, count):
            width = _border_width(pair, axes, differing)
            if width:
                names = ", ".join(pair.axes[axis] for axis in axes)
                return f"only within {width} pixel{'' if width == 1 else 's'} of the border along {names}"
    return ""


def _indices(pair: Pair, axis: int, differing: Array) -> list[int]:
    """The evenly spaced indices along an axis where something differs, if few and not by chance."""
    size = pair.shape[axis]
    if size < 2 or not pair.is_whole(axis):
        return []
    found = np.flatnonzero(differing.any(axis=_but(axis, differing.ndim)))
    few = len(found) < size and len(set(np.diff(found))) <= 1
    chance = np.count_nonzero(differing) * math.log(len(found) / size) + math.log(math.comb(size, len(found)))
    return [int(index) for index in found] if few and chance < _CHANCE else []


def _of_indices(name: str, found: list[int], size: int) -> str:
    one, many, along = _ITEMS.get(name, ("index", "indices", f" along axis {name}"))
    if len(found) == 1:
        return f"{one} {found[0]} of {size}{along}"
    if len(found) == 2:
        return f"{many} {found[0]} and {found[1]} of {size}{along}"
    step = found[1] - found[0]
    every = f" in steps of {step}" if step > 1 else ""
    return f"{many} {found[0]} to {found[-1]}{every} of {size}{along}"


def _block(pair: Pair, space: Sequence[int], differing: Array) -> dict[int, tuple[int, int]]:
    """First and last index along those axes of space to which the differences are confined."""
    block: dict[int, tuple[int, int]] = {}
    sampled = [slice(None)] * differing.ndim
    share = 1.0
    for axis in space:
        positions, size = pair.positions[axis], pair.shape[axis]
        found = np.flatnonzero(differing.any(axis=_but(axis, differing.ndim)))
        sampled[axis] = slice(found[0], found[-1] + 1)
        # Between two sampled indices the difference may begin at any.
        first = int(positions[found[0] - 1]) + 1 if found[0] else 0
        last = int(positions[found[-1] + 1]) - 1 if found[-1] + 1 < len(positions) else size - 1
        share *= (last + 1 - first) / size
        if (first, last) != (0, size - 1):
            block[axis] = (first, last)
    count = int(np.count_nonzero(differing))
    dense = count >= _DENSE * differing[tuple(sampled)].size
    return block if share <= _BLOCK and dense and count * math.log(share) < _CHANCE else {}


def _border_width(pair: Pair, axes: Sequence[int], differing: Array) -> int:
    """Within how many pixels of the border along some axes everything is that differs, 0 if it is not."""
    ndim, sizes = differing.ndim, [pair.shape[axis] for axis in axes]
    positions = [pair.positions[axis] for axis in axes]
    depths = [np.minimum(at, size - 1 - at) for at, size in zip(positions, sizes, strict=True)]
    depth: Array = np.full((1,) * ndim, max(sizes))
    for axis, along in zip(axes, depths, strict=True):
        depth = np.minimum(depth, along.reshape([-1 if i == axis else 1 for i in range(ndim)]))
    deepest = np.broadcast_to(depth, differing.shape)[differing].max()
    # Between two sampled depths the difference may end at any.
    width = int(min(along[along > deepest].min(initial=max(sizes)) for along in depths))
    share = 1 - math.prod(max(0, size - 2 * width) / size for size in sizes)
    count = int(np.count_nonzero(differing))
    strip = np.count_nonzero(np.broadcast_to(np.less(depth, width), differing.shape))
    if share > _LARGEST or count < _DENSE * strip or count * math.log(share) >= _CHANCE:
        return 0
    return width if _is_on_all_sides(pair, axes, differing, width) else 0


def _is_on_all_sides(pair: Pair, axes: Sequence[int], differing: Array, width: int) -> bool:
    """Whether something differs at either end of each axis, away from the ends of the others."""
    positions = {axis: (pair.positions[axis], pair.shape[axis]) for axis in axes}
    inner = {axis: (at >= width) & (at < size - width) for axis, (at, size) in positions.items()}
    for axis, (at, size) in positions.items():
        for end in (at < width, at >= size - width):
            face = differing
            for other, kept in {**inner, axis: end}.items():
                face = np.compress(kept, face, axis=other)
            if not face.any():
                return False
    return True


def _but(axis: int, ndim: int) -> tuple[int, ...]:
    return tuple(other for other in range(ndim) if other != axis)
