"""Guess in plain words at the kind of difference between a produced and the expected array (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.collection.tolerance import Tolerance
from harness.execute.judge import alignment, locality
from harness.execute.judge.chunks import Array
from harness.execute.judge.explained import FEWEST, explains
from harness.execute.judge.paired_sample import Pair, centre, differs, spread

_NOISY = 0.1  # of the elements are beyond tolerance where there is noise everywhere
_FEWEST_NOISY = 512
_UNRELATED = 0.05  # correlation, or what is likely for so few elements


def guess_kind(produced: Array, expected: Array, *, axes: Sequence[str], tolerance: Tolerance) -> str:
    """What kind of difference it is, e.g. "axis y is flipped"; empty if no guess can be defended.

    A cause is verified: applied to the expected array, it must give the produced one, within tolerance for
    99 % of what differed or else to 1 % of the difference. At most two million elements are looked at,
    so that of larger arrays it is their sample that a guess holds for; at least 16 of them must differ.

    Args:
        produced: any real numbers, memory-mapped or not.
        expected: of the same shape, or there is no guess.
        axes: a name for each axis; those named z, y and x are space. Without one for each, none is.
        tolerance: what is no difference.
    """
    samples = _samples(produced, expected, axes, tolerance)
    if samples is None:
        return ""
    with np.errstate(all="ignore"):
        if cause := samples.cause():
            return cause
        place = locality.part(samples.everywhere, samples.differing)
        if place is None:
            return samples.extent()
        here = _samples(produced[place.where], expected[place.where], samples.everywhere.axes, tolerance)
        kind = here and (here.cause() or here.extent())
        return f"{place.words}: {kind}" if kind else place.words


def guess_cause(produced: Array, expected: Array, *, axes: Sequence[str]) -> str:
    """As ``guess_kind``, but only what explains all of the difference, whatever the numbers mean."""
    samples = _samples(produced, expected, axes, Tolerance(atol=0, rtol=0))
    with np.errstate(all="ignore"):
        return samples.cause() if samples else ""


class _Samples(NamedTuple):
    """What is looked at; at least ``FEWEST`` elements differ."""

    everywhere: Pair
    middle: Pair
    differing: Array

    def cause(self) -> str:
        """What makes the expected array the produced one."""
        return (
            _constant(self.everywhere)
            or _fitted(self.everywhere)
            or _nearly_constant(self.everywhere)
            or alignment.turned(self.everywhere)
            or alignment.shifted(self.middle)
        )

    def extent(self) -> str:
        """Where differences without a known cause are spread."""
        return locality.border(self.everywhere, self.differing) or _noise(self.middle)


def _samples(produced: Array, expected: Array, axes: Sequence[str], tolerance: Tolerance) -> _Samples | None:
    real = produced.dtype.kind in "biuf" and expected.dtype.kind in "biuf"
    if not real or produced.shape != expected.shape or expected.size < FEWEST:
        return None
    with np.errstate(all="ignore"):
        everywhere = spread(produced, expected, axes=axes, tolerance=tolerance)
        differing = differs(everywhere.produced, everywhere.expected, everywhere.tolerance)
        if np.count_nonzero(differing) < FEWEST:
            return None
        return _Samples(everywhere, centre(produced, expected, axes=axes, tolerance=tolerance), differing)


def _constant(pair: Pair) -> str:
    """Whether all produced values are one."""
    p, first = pair.produced, pair.produced.flat[0]
    same = np.isnan(p).all() or (p == first).all()
    return f"every produced value is {_number(first * pair.unit)}" if same else ""


def _nearly_constant(pair: Pair) -> str:
    """Whether all produced values are one within tolerance."""
    mean = pair.produced.mean()
    far = differs(pair.produced, np.full(pair.produced.shape, mean), pair.tolerance).any()
    return "" if far else f"every produced value is nearly {_number(mean * pair.unit)}"


def _fitted(pair: Pair) -> str:
    """The scale factor, the offset, or both that lead from the expected to the produced values."""
    finite = np.isfinite(pair.produced) & np.isfinite(pair.expected)
    p, e = pair.produced[finite], pair.expected[finite]
    if not p.size:
        return ""
    power, varied = e @ e, e - e.mean()
    fits = [(1.0, float((p - e).mean()))]
    if power > 0:
        fits.append((float(p @ e / power), 0.0))
    if variance := varied @ varied:
        slope = float(p @ varied / variance)
        fits.append((slope, float(p.mean() - slope * e.mean())))
    for scale, offset in fits:
        if explains(scale * pair.expected + offset, pair.produced, pair.expected, pair.tolerance):
            by_scale = f"a scale factor of {_factor(scale)}" if scale != 1 else ""
            by_offset = f"an offset of {_number(offset * pair.unit)}" if offset else ""
            return f"differs by {' and '.join(filter(None, (by_scale, by_offset)))}"
    return ""


def _noise(middle: Pair) -> str:
    """Whether differences are spread evenly and know nothing of the expected values nor of each other."""
    if not np.isfinite(middle.produced).all() or not np.isfinite(middle.expected).all():
        return ""
    difference = middle.produced - middle.expected
    if difference.size < _FEWEST_NOISY:
        return ""
    share = differs(middle.produced, middle.expected, middle.tolerance).mean()
    bound = max(_UNRELATED, 4 / np.sqrt(difference.size))
    pairs = [(difference, middle.expected)]
    for axis in (axis for axis, size in enumerate(difference.shape) if size >= 8):
        along = np.moveaxis(difference, axis, 0)
        pairs += [(along[1:], along[:-1]), (np.abs(along[1:]), np.abs(along[:-1]))]
    unrelated = all(abs(_correlation(one, other)) < bound for one, other in pairs)
    return "noise everywhere" if share >= _NOISY and unrelated else ""


def _correlation(one: Array, other: Array) -> float:
    """Pearson's, 0 if one of them does not vary."""
    a, b = (array.ravel() - array.mean() for array in (one, other))
    spread_of_both = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread_of_both) if spread_of_both > 0 else 0.0


def _number(value: float) -> str:
    return f"{value:.5g}"


def _factor(value: float) -> str:
    """With as many digits as tell it from 1."""
    return _number(value) if _number(value) != "1" else f"1{value - 1:+.3g}"
