"""Numbers as pixels: fitted to the size of a panel, and coloured. All pictures are RGB, uint8."""

from __future__ import annotations

import colorsys

import numpy as np

from harness.execute.judge.chunks import Array
from harness.execute.judge.partition import Overlaps

SIDE = 256
ODD = (255, 176, 0)  # where a number is NaN or infinite
_BARS_HEIGHT = 96
_SHORTEST = 24
_LARGEST_PIXEL = 32
_GAP_FROM = 4  # pixels of width that a bar needs to be set apart
_BAR = (70, 70, 70)
_WHITE, _BLUE, _RED = (np.array(rgb, np.float64) for rgb in ((247, 247, 247), (5, 80, 170), (190, 15, 35)))
_GOLDEN = 0.618034  # of a turn of the hue: neighbouring numbers get distant hues


def greys(values: Array, low: float, high: float) -> Array:
    """2-D values from ``low`` (black) to ``high`` (white); the mean of what is smaller than a pixel."""
    odd, share, size = ~np.isfinite(values), _shares(values, low, high), _size(values.shape)
    grey = _fitted(share, size, np.add) / _fitted(np.ones(values.shape), size, np.add)
    return _marked(grey[..., np.newaxis].repeat(3, axis=-1) * 255, _fitted(odd, size, np.logical_or))


def diverging(shares: Array, odd: Array) -> Array:
    """2-D shares from -1 (blue) to 1 (red); the extreme of what is smaller than a pixel."""
    size = _size(shares.shape)
    most, least = _fitted(shares, size, np.maximum), _fitted(shares, size, np.minimum)
    extreme = np.where(most > -least, most, least)
    return _marked(_blue_to_red(extreme), _fitted(odd, size, np.logical_or))


def bars(values: Array, low: float, high: float, *, signed: bool = False) -> Array:
    """1-D values as bars that begin at zero, or at what is nearest to it; ``signed`` in blue and red."""
    odd, share, size = ~np.isfinite(values), _shares(values, low, high), _size(values.shape)
    most, least = _fitted(share, size, np.maximum), _fitted(share, size, np.minimum)
    zero = float(_shares(np.zeros(1), low, high)[0])
    level, half = np.linspace(1, 0, _BARS_HEIGHT)[:, np.newaxis], 0.5 / _BARS_HEIGHT
    filled = (level <= np.maximum(most, zero) + half) & (level >= np.minimum(least, zero) - half)
    if size[0] >= _GAP_FROM * values.size:
        filled[:, :: size[0] // values.size] = False
    colour = _blue_to_red(np.sign(level - zero)) if signed else np.array(_BAR)
    pixels = np.where(filled[..., np.newaxis], colour, _WHITE)
    return _marked(pixels, np.broadcast_to(_fitted(odd, size, np.logical_or), filled.shape))


def labels(produced: Array, expected: Array, found: Overlaps) -> tuple[Array, Array, Array]:
    """Two 2-D label maps with matched objects in one colour, and in red what belongs to another object."""
    partners = found.matching().partners
    known = [0, *(label for label in np.unique(expected).tolist() if label)]
    others = [label for label in np.unique(produced).tolist() if label not in partners]
    numbers = {label: number for number, label in enumerate(known)}
    renumbered = {label: numbers[partner] for label, partner in partners.items()}
    renumbered |= {label: number for number, label in enumerate(others, start=len(known))}
    p, e = _numbered(produced, renumbered), _numbered(expected, numbers)
    palette = np.array([_label_colour(number) for number in range(len(known) + len(others))])
    size = _size(expected.shape)
    differing = _blue_to_red(_fitted(p != e, size, np.logical_or).astype(np.float64))
    return _rgb(palette[_nearest(p, size)]), _rgb(palette[_nearest(e, size)]), _rgb(differing)


def scale(height: int, width: int, *, signed: bool) -> Array:
    """The colours of ``diverging`` (``signed``) or ``greys`` from left to right."""
    shares = np.linspace(-1 if signed else 0, 1, width)
    pixels = _blue_to_red(shares) if signed else shares[:, np.newaxis].repeat(3, axis=1) * 255
    return _rgb(np.broadcast_to(pixels, (height, width, 3)))


def _shares(values: Array, low: float, high: float) -> Array:
    """Where values lie between low (0) and high (1); 0 for what is not finite. Halves do not overflow."""
    finite = np.where(np.isfinite(values), values, low)
    return np.clip((finite / 2 - low / 2) / ((high / 2 - low / 2) or 1.0), 0.0, 1.0)


def _size(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Pixels of a panel: small arrays are enlarged, long ones reduced, narrow ones get wide enough to see."""
    longest = max(shape)
    factor = min(SIDE // longest, _LARGEST_PIXEL) if longest <= SIDE else SIDE / longest
    if len(shape) == 1:
        return (round(shape[0] * factor),)
    return tuple(max(_SHORTEST, round(length * factor)) for length in shape)


def _fitted(values: Array, size: tuple[int, ...], combine: np.ufunc) -> Array:
    """Values repeated along axes that grow and combined along those that shrink."""
    for axis, (length, target) in enumerate(zip(values.shape, size, strict=True)):
        at = np.arange(target) * length // target
        values = combine.reduceat(values, at, axis=axis) if target < length else values.take(at, axis=axis)
    return values


def _nearest(values: Array, size: tuple[int, ...]) -> Array:
    at = [(2 * np.arange(m) + 1) * n // (2 * m) for n, m in zip(values.shape, size, strict=True)]
    return values[np.ix_(*at)]


def _marked(pixels: Array, odd: Array) -> Array:
    marked = _rgb(pixels)
    marked[odd] = ODD
    return marked


def _rgb(pixels: Array) -> Array:
    return np.rint(pixels).astype(np.uint8)


def _blue_to_red(shares: Array) -> Array:
    share = shares[..., np.newaxis]
    pixels: Array = np.where(share < 0, _WHITE + share * (_WHITE - _BLUE), _WHITE - share * (_WHITE - _RED))
    return pixels


def _numbered(array: Array, numbers: dict[int, int]) -> Array:
    found, inverse = np.unique(array, return_inverse=True)
    numbered: Array = np.array([numbers[label] for label in found.tolist()])[inverse.reshape(array.shape)]
    return numbered


def _label_colour(number: int) -> tuple[float, ...]:
    """Background is nearly black; of objects neighbouring numbers look different."""
    if number == 0:
        return (25.0, 25.0, 25.0)
    hue, saturation, value = number * _GOLDEN % 1, (0.5, 0.75, 1.0)[number % 3], (1.0, 0.75)[number % 2]
    return tuple(255 * part for part in colorsys.hsv_to_rgb(hue, saturation, value))
