"""What is known of the differences of all elements after looking at them chunk by chunk."""

from __future__ import annotations

import numpy as np

from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array

_REL_EPSILON = 1e-6
_QUARTER = 0.25  # of two finite numbers, however large, has a finite difference


class ValueDifferences:
    """Sums and maxima over the elements taken in so far: memory stays bounded.

    Attributes:
        seen: how many elements.
        beyond: how many finite ones differ beyond tolerance.
        not_finite: how many are NaN or infinite, and not the same on both sides.
        max_abs, max_rel: the largest difference of finite elements, and relative to ``|expected| + 1e-6``.
        max_ratio: the largest share of its tolerance that an element used; infinite if it has none.
        worst: the place of that element in the order in which they were taken in.
        first_not_finite: the place of the first such element, None if there is none.
    """

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self.seen = self.beyond = self.not_finite = self.worst = 0
        self.max_abs = self.max_rel = self.max_ratio = 0.0
        self.first_not_finite: int | None = None

    @property
    def ppm(self) -> float:
        """Elements that differ, per million."""
        return (self.beyond + self.not_finite) / max(1, self.seen) * 1e6

    def add(self, produced: Array, expected: Array) -> None:
        """Take in the next elements (1-D, of one length)."""
        equal = produced.dtype == expected.dtype and bool((produced == expected).all())
        if not equal:
            with np.errstate(all="ignore"):
                self._add(produced, expected)
        self.seen += produced.size

    def _add(self, produced: Array, expected: Array) -> None:
        p, e = produced.astype(np.float64), expected.astype(np.float64)
        finite = np.isfinite(p) & np.isfinite(e)
        if not finite.all():
            self._add_not_finite(~finite & ~((p == e) | (np.isnan(p) & np.isnan(e))))
            p, e = np.where(finite, p, 0.0), np.where(finite, e, 0.0)
        whole = produced.dtype.kind in "biu" and expected.dtype.kind in "biu"
        difference = _whole_difference(produced, expected) if whole else np.abs(p - e)
        beyond, ratio, relative = self._held_against(difference, e)
        if (over := np.isinf(difference)).any():
            quarter = np.abs(p[over] * _QUARTER - e[over] * _QUARTER)
            beyond[over], ratio[over], relative[over] = self._held_against(quarter, e[over], scale=_QUARTER)
        self.beyond += int(np.count_nonzero(beyond))
        if ratio.max() > self.max_ratio:
            self.max_ratio, self.worst = float(ratio.max()), self.seen + int(ratio.argmax())
        self.max_abs = max(self.max_abs, float(difference.max()))
        self.max_rel = max(self.max_rel, float(relative.max()))

    def _add_not_finite(self, differing: Array) -> None:
        self.not_finite += int(np.count_nonzero(differing))
        if self.first_not_finite is None and differing.any():
            self.first_not_finite = self.seen + int(differing.argmax())

    def _held_against(self, difference: Array, expected: Array, scale: float = 1.0) -> tuple[Array, ...]:
        """Which elements are beyond, how much of the allowed is used, and the relative difference.

        ``difference`` is already scaled.
        """
        size = np.abs(expected) * scale
        allowed = self._tolerance.atol * scale + self._tolerance.rtol * size
        used = np.where(difference > 0, difference / allowed, 0.0)
        return difference > allowed, used, difference / (size + _REL_EPSILON * scale)


def _whole_difference(produced: Array, expected: Array) -> Array:
    """``|produced - expected|`` of whole numbers, rounded to float64 only after it was taken.

    As float64 alone, 2**60 + 1 would equal 2**60.
    """
    p, e = produced.astype(np.uint64), expected.astype(np.uint64)  # negative ones wrap and keep their order
    exact = np.where(p > e, p - e, e - p).astype(np.float64)
    if produced.dtype.kind != "i" and expected.dtype.kind != "i":
        return exact
    apart = (produced < 0) != (expected < 0)  # then it may need 65 bits, and never rounds to nothing
    return np.where(apart, np.abs(produced.astype(np.float64) - expected.astype(np.float64)), exact)
