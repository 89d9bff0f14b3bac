"""The panels of a picture: planes of numbers drawn, with what is written beside them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.execute.judge.chunks import Array
from harness.execute.judge.partition import overlaps
from harness.execute.pictures.planes import Plane
from harness.execute.pictures.raster import bars, diverging, greys, labels

Range = tuple[float, float]


class Panel(NamedTuple):
    """A drawn plane.

    Attributes:
        caption: one line.
        pixels: RGB.
        ends: the values at the ends of its colour scale, None where it has none.
        signed: whether that leads from blue to red, rather than from black to white.
        odd: whether some elements are NaN or infinite, drawn orange.
    """

    caption: str
    pixels: Array
    ends: Range | None = None
    signed: bool = False
    odd: bool = False


def value_panels(p: Plane | None, e: Plane | None) -> list[Panel | None]:
    """Produced and expected, either of which may be missing."""
    ranges = [_range(plane.values) if plane else None for plane in (p, e)]
    known = [values for values in ranges if values]
    ends = ranges[1]
    if ends is None or ends[0] == ends[1]:
        ends = (min(low for low, _ in known), max(high for _, high in known)) if known else None
    if e and e.values.ndim == 1:
        ends = (min([0.0, *(low for low, _ in known)]), max([0.0, *(high for _, high in known)]))
    return [
        _grey_panel(plane, own, ends) if plane else None for plane, own in zip((p, e), ranges, strict=True)
    ]


def _grey_panel(plane: Plane, own: Range | None, ends: Range | None) -> Panel:
    values = _in_words(own) if own else "no finite value"
    caption = f"{plane.title}: {values}" if plane.title else values
    low, high = ends or (0.0, 0.0)
    odd = not np.isfinite(plane.values).all()
    if plane.values.ndim == 1:
        return Panel(caption, bars(plane.values, low, high), odd=odd)
    return Panel(caption, greys(plane.values, low, high), ends if low < high else None, odd=odd)


def difference_panel(p: Plane, e: Plane) -> Panel:
    """The difference of two planes of one shape in blue and red."""
    produced, expected = p.values.astype(np.float64), e.values.astype(np.float64)
    same = (p.values == e.values) | (np.isnan(produced) & np.isnan(expected))
    finite = np.isfinite(produced) & np.isfinite(expected)
    half = np.where(finite, produced / 2 - expected / 2, 0.0)  # of a difference that may be infinite
    largest = float(np.abs(half).max())
    odd = ~finite & ~same
    pixels = _signed(half / (largest or 1.0), odd)
    if not largest:
        words = "equal" if same.all() else "equal where both are finite" if odd.any() else "too small to draw"
        return Panel(words, pixels, odd=bool(odd.any()))
    words = _in_words((2 * float(half.min()), 2 * float(half.max())))
    return Panel(words, pixels, (-2 * largest, 2 * largest), signed=True, odd=bool(odd.any()))


def _signed(shares: Array, odd: Array) -> Array:
    if shares.ndim == 1:
        return bars(np.where(odd, np.nan, shares), -1.0, 1.0, signed=True)
    return diverging(shares, odd)


def object_panels(p: Plane, e: Plane) -> list[Panel | None]:
    """Two label maps of one shape, and what belongs to another object."""
    produced, expected = np.atleast_2d(p.values), np.atleast_2d(e.values)
    found = overlaps(produced, expected)
    if found is None:  # too many to tell their colours apart
        return [*value_panels(p, e), difference_panel(p, e)]
    other = 1 - found.matching().elements / expected.size
    captions = [f"{np.count_nonzero(np.unique(values)):,} objects" for values in (produced, expected)]
    captions.append(f"{100 * other:.3g} % belong to another object" if other else "equal")
    captions[0] = f"{p.title}: {captions[0]}" if p.title else captions[0]
    pictures = labels(produced, expected, found)
    return [Panel(caption, pixels) for caption, pixels in zip(captions, pictures, strict=True)]


def _range(values: Array) -> Range | None:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _in_words(values: Range) -> str:
    low, high = map(in_digits, values)
    return low if low == high else f"{low} to {high}"


def in_digits(value: float) -> str:
    """A number as it is written in a picture."""
    return f"{value:.3g}"
