"""Which planes of an array a picture shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from harness.execute.judge.chunks import Array

MOST_CHANNELS = 4
_LONGEST = 2048  # pixels of a side that are read
_SPACE = ("z", "y", "x")
_CHANNEL = ("c", "channel")
_WIDEST_NAME = 16


class Plane(NamedTuple):
    """What one panel shows: real numbers, 2-D, or 1-D where there is only a profile."""

    title: str
    values: Array


class View(NamedTuple):
    """How arrays of one shape are shown: a plane for each of a few channels.

    Attributes:
        shown: the vertical and the horizontal axis, or one of them, or none.
        channel: the axis of the channels, None if there is none to choose from.
        channels: the chosen ones.
        cut: the element through which everything else is cut.
        note: what is left out, e.g. "z 8 of 16"; empty if nothing is.
    """

    shown: tuple[int, ...]
    channel: int | None
    channels: tuple[int, ...]
    cut: tuple[int, ...]
    note: str

    def planes(self, array: Array) -> Iterator[Plane]:
        """The planes of an array of that shape, one a channel; of long sides only every n-th pixel."""
        for channel in self.channels:
            where: list[int | slice] = list(self.cut)
            for axis in self.shown:
                where[axis] = slice(None, None, -(-array.shape[axis] // _LONGEST))
            if self.channel is not None:
                where[self.channel] = channel
            values = _plain(array[tuple(where)])
            downwards_first = self.shown == tuple(sorted(self.shown))
            title = "" if self.channel is None else f"channel {channel}"
            yield Plane(title, values if downwards_first else values.T)


def view_of(shape: tuple[int, ...], axes: Sequence[str], *, at: Sequence[int] = ()) -> View:
    """How to show arrays of a shape without empty axes: y downwards, x to the right, the rest cut.

    Args:
        axes: a name for each axis; without one for each, the last two that have a length are shown.
        at: the element through which to cut, the central one by default.
    """
    names = tuple(axes) if len(axes) == len(shape) else ("",) * len(shape)
    long = [axis for axis, size in enumerate(shape) if size > 1]
    space = [axis for name in _SPACE for axis in long if names[axis] == name]
    shown = tuple((space or long)[-2:])
    cut = tuple(at) if len(at) == len(shape) else tuple(size // 2 for size in shape)
    channel = next((axis for axis in long if names[axis] in _CHANNEL and axis not in shown), None)
    left_out = [
        f"{_name(names[axis], axis)} {cut[axis]} of {shape[axis]}"
        for axis in long
        if axis not in shown and axis != channel
    ]
    channels: tuple[int, ...] = (0,)
    if channel is not None:
        channels = _chosen(shape[channel], cut[channel] if at else 0)
        if len(channels) < shape[channel]:
            left_out.append(f"{len(channels)} of {shape[channel]} channels")
    return View(shown, channel, channels, cut, ", ".join(left_out))


def _chosen(count: int, wanted: int) -> tuple[int, ...]:
    """The first channels, the wanted one among them."""
    first = range(min(count, MOST_CHANNELS))
    return tuple(first) if wanted in first else (*first[:-1], wanted)


def _name(name: str, axis: int) -> str:
    return " ".join(name.split())[:_WIDEST_NAME] or f"axis {axis}"


def _plain(values: Array) -> Array:
    """Truth values as numbers, of complex ones the size, and what is not whole as float64; at least 1-D."""
    if values.dtype.kind == "c":
        values = np.abs(values)
    elif values.dtype.kind == "b":
        values = values.astype(np.uint8)
    with np.errstate(over="ignore"):
        return np.atleast_1d(values if values.dtype.kind in "iu" else values.astype(np.float64))
