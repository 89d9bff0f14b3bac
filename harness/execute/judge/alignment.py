"""Flips, swapped axes and shifts that turn the expected array into the produced one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from harness.execute.judge.chunks import Array
from harness.execute.judge.explained import explains
from harness.execute.judge.paired_sample import Pair, central

_SEARCHED = 1 << 18  # elements
_TRIED = 4  # of the shifts that leave the least
_SHORTEST = 8  # pixels of an axis along which a shift is searched


def turned(pair: Pair) -> str:
    """Which axes are swapped or flipped, in words; empty if that does not explain the difference.

    Needs a symmetric sample. Space may be swapped and flipped, every other axis only be flipped.
    """
    for swapped, flipped in _turns(pair):
        supposed = np.flip(np.swapaxes(pair.expected, *swapped) if swapped else pair.expected, flipped)
        if explains(supposed, pair.produced, pair.expected, pair.tolerance):
            named = [("swapped", swapped)] if swapped else []
            named += [("flipped", flipped)] if flipped else []
            return ", ".join(_of_axes(what, [pair.axes[axis] for axis in axes]) for what, axes in named)
    return ""


def shifted(pair: Pair) -> str:
    """By how many pixels the produced array is moved, in words; empty if that explains no difference.

    Needs a sample of neighbours. Shifts of up to a quarter of each axis of its central part are searched, and
    verified on the whole sample but for a margin, since a model may well see the border at another place.
    """
    space = [axis for axis in pair.spatial if pair.produced.shape[axis] >= _SHORTEST]
    for shift in _likely_shifts(pair, space):
        here, there = _overlap(pair.produced.shape, space, shift)
        supposed, expected = pair.expected[there], pair.expected[here]
        telling = _contrast(supposed) >= _contrast(pair.expected) / 2  # rather than mere background
        if telling and explains(supposed, pair.produced[here], expected, pair.tolerance):
            return _of_shift([(pair.axes[axis], by) for axis, by in zip(space, shift, strict=True) if by])
    return ""


def _turns(pair: Pair) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Axes to swap and axes to flip, the simplest first."""
    shape, space = pair.shape, pair.spatial
    swaps = [(), *(two for two in combinations(space, 2) if shape[two[0]] == shape[two[1]])]
    flips = [axes for count in range(len(space) + 1) for axes in combinations(space, count)]
    turns = [(swap, flip) for swap in swaps for flip in flips if swap or flip]
    turns += [((), (axis,)) for axis, size in enumerate(shape) if axis not in space and size > 1]
    yield from sorted(turns, key=lambda turn: bool(turn[0]) + len(turn[1]))


def _likely_shifts(pair: Pair, space: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The shifts with the least mean square difference where both arrays overlap, the smallest first."""
    if not space:
        return
    part = central(pair.produced.shape, _SEARCHED)
    p, e = (np.where(np.isfinite(array), array, 0.0)[part] for array in (pair.produced, pair.expected))
    level = e.mean()
    most = [p.shape[axis] // 4 for axis in space]
    left = _mean_squares(p - level, e - level, space, most)
    order = np.argsort(left, axis=None, kind="stable")[:_TRIED]
    equal = left.flat[order] <= left.flat[order[0]] + 1e-9 * left.max()
    found = [
        tuple(int(at) - by for at, by in zip(np.unravel_index(index, left.shape), most, strict=True))
        for index in order[equal]
    ]
    yield from sorted((shift for shift in found if any(shift)), key=lambda shift: sum(map(abs, shift)))


def _mean_squares(p: Array, e: Array, space: Sequence[int], most: Sequence[int]) -> Array:
    """The mean of ``(p[i] - e[i - shift])**2`` over the overlap for every shift from -most to most.

    The square is multiplied out and each product correlated by Fourier transform, padded so that no shift
    wraps around.
    """
    sizes = [p.shape[axis] for axis in space]
    padded = [size + by for size, by in zip(sizes, most, strict=True)]
    other = tuple(axis for axis in range(p.ndim) if axis not in space)

    def transformed(array: Array) -> Array:
        return np.fft.rfftn(array, padded, axes=tuple(space))

    there = transformed(np.ones([p.shape[axis] if axis in space else 1 for axis in range(p.ndim)]))
    spectrum = transformed(p**2) * there.conj() + there * transformed(e**2).conj()
    spectrum = (spectrum - 2 * transformed(p) * transformed(e).conj()).sum(axis=other)
    squares = np.fft.irfftn(spectrum, padded, axes=tuple(range(len(space))))
    shifts = [np.arange(-by, by + 1) for by in most]
    counts = [size - np.abs(by) for size, by in zip(sizes, shifts, strict=True)]
    overlap = np.ones(())
    for count in counts:
        overlap = overlap[..., np.newaxis] * count
    means: Array = squares[np.ix_(*shifts)] / overlap
    return means


def _contrast(array: Array) -> float:
    """The standard deviation of what is finite."""
    finite = array[np.isfinite(array)]
    return float(finite.std()) if finite.size else 0.0


def _overlap(
    shape: tuple[int, ...], space: Sequence[int], shift: Sequence[int]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where to look in the produced array, and from where in the expected one that would have come."""
    here, there = ([slice(None)] * len(shape) for _ in range(2))
    for axis, by in zip(space, shift, strict=True):
        size, margin = shape[axis], shape[axis] // 16
        start, stop = max(0, by) + margin, size + min(0, by) - margin
        here[axis], there[axis] = slice(start, stop), slice(start - by, stop - by)
    return tuple(here), tuple(there)


def _of_axes(what: str, names: list[str]) -> str:
    if len(names) == 1:
        return f"axis {names[0]} is {what}"
    return f"axes {', '.join(names[:-1])} and {names[-1]} are {what}"


def _of_shift(moved: list[tuple[str, int]]) -> str:
    names = ", ".join(name for name, _ in moved)
    if len(moved) == 1:
        by = moved[0][1]
        return f"shifted by {by} pixel{'' if abs(by) == 1 else 's'} along {names}"
    return f"shifted by ({', '.join(str(by) for _, by in moved)}) pixels along {names}"
