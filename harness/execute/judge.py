"""Compare a produced with an expected array (pure; the same code for every consumer)."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from harness.collection.tolerance import Tolerance
from harness.execute.chunks import Array, chunks, order_of, overlaps
from harness.ledger.record import OutputResult
from harness.verdict import Reason

_REL_EPSILON = 1e-6
_QUARTER = 0.25  # of two finite numbers, however large, has a finite difference


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of one output, and the reason why it is not the expected one (None if it is)."""

    result: OutputResult
    reason: Reason | None

    @property
    def passed(self) -> bool:
        """Whether the output was reproduced."""
        return self.reason is None


def judge(
    name: str,
    produced: Array,
    expected: Array,
    *,
    tolerance: Tolerance,
    dtype: str,
    label_map: bool = False,
) -> Judgement:
    """Judge one output.

    Args:
        name: the output's id.
        produced: any shape; compared element by element with ``expected``.
        tolerance: an element differs if ``|produced - expected| > atol + rtol * |expected|``.
        dtype: the described data type; its kind (integer or float) must be the produced one's.
        label_map: compare as partitions: the same objects up to renumbering, 0 being background.

    NaN and infinity equal only themselves at the same place, whatever the tolerance. What no finite float64
    tells (a difference of 2e308) is None in the result.
    """
    if produced.shape != expected.shape:
        what = f"shape is {produced.shape}, expected {expected.shape}"
        return _mismatch(name, produced, expected, tolerance, Reason.WRONG_SHAPE, what)
    if _kind(produced.dtype) != _kind(np.dtype(dtype)):
        what = f"data type is {produced.dtype}, described as {dtype}"
        return _mismatch(name, produced, expected, tolerance, Reason.WRONG_DTYPE, what)
    if label_map and produced.dtype.kind in "iu" and expected.dtype.kind in "iu":
        return _judge_partition(name, produced, expected, tolerance)
    return _judge_values(name, produced, expected, tolerance)


class _Differences:
    """What is known of all elements after looking at them chunk by chunk, so that memory stays bounded."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self.seen = 0
        self.beyond = 0
        self.not_finite = 0
        self.max_abs = self.max_rel = self.max_ratio = 0.0
        self.worst = 0

    def add(self, produced: Array, expected: Array) -> None:
        """Take in the next elements (1-D, of one length)."""
        with np.errstate(all="ignore"):
            self._add(produced, expected)

    def _add(self, produced: Array, expected: Array) -> None:
        p, e = produced.astype(np.float64), expected.astype(np.float64)
        finite = np.isfinite(p) & np.isfinite(e)
        same = (p == e) | (np.isnan(p) & np.isnan(e))
        self.not_finite += int(np.count_nonzero(~finite & ~same))
        p, e = np.where(finite, p, 0.0), np.where(finite, e, 0.0)
        whole = produced.dtype.kind in "biu" and expected.dtype.kind in "biu"
        difference = _whole_difference(produced, expected) if whole else np.abs(p - e)
        beyond, ratio, relative = self._held_against(difference, e)
        if (over := np.isinf(difference)).any():
            quarter = np.abs(p[over] * _QUARTER - e[over] * _QUARTER)
            beyond[over], ratio[over], relative[over] = self._held_against(quarter, e[over], scale=_QUARTER)
        self.beyond += int(np.count_nonzero(beyond))
        if ratio.max(initial=0.0) > self.max_ratio:
            self.max_ratio, self.worst = float(ratio.max()), self.seen + int(ratio.argmax())
        self.max_abs = max(self.max_abs, float(difference.max(initial=0.0)))
        self.max_rel = max(self.max_rel, float(relative.max(initial=0.0)))
        self.seen += p.size

    def _held_against(self, difference: Array, expected: Array, scale: float = 1.0) -> tuple[Array, ...]:
        """Which elements are beyond, how much of the allowed is used, and the relative difference.

        ``difference`` is already scaled.
        """
        size = np.abs(expected) * scale
        allowed = self._tolerance.atol * scale + self._tolerance.rtol * size
        used = np.where(difference > 0, difference / allowed, 0.0)
        return difference > allowed, used, difference / (size + _REL_EPSILON * scale)

    @property
    def ppm(self) -> float:
        """Elements that differ, per million."""
        return (self.beyond + self.not_finite) / max(1, self.seen) * 1e6


def _judge_values(name: str, produced: Array, expected: Array, tolerance: Tolerance) -> Judgement:
    found = _Differences(tolerance)
    order = order_of(produced, expected)
    for chunk in chunks(produced, expected, order):
        found.add(*chunk)
    reason, message = None, ""
    if found.not_finite:
        reason = Reason.UNEXPECTED_NAN
        message = f"{found.not_finite:,} elements are NaN or infinite on one side only"
    elif found.ppm > tolerance.ppm:
        reason = Reason.VALUES_DIFFER
        at = tuple(int(index) for index in np.unravel_index(found.worst, expected.shape, order=order))
        largest = f"{found.max_abs:.3g}" if np.isfinite(found.max_abs) else "more than a float64 holds"
        message = (
            f"{found.beyond:,} of {found.seen:,} elements differ beyond tolerance; largest difference "
            f"{largest}; worst at {at}: {_number(produced[at])}, expected {_number(expected[at])}"
        )
    told = [
        value if found.not_finite == 0 and np.isfinite(value) else None
        for value in (found.max_abs, found.max_rel, 1.0 - found.max_ratio)
    ]
    result = _result(
        name,
        produced,
        expected,
        tolerance,
        max_abs_diff=told[0],
        max_rel_diff=told[1],
        mismatched_ppm=found.ppm,
        headroom=told[2],
        message=message,
    )
    return Judgement(result=result, reason=reason)


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


def _judge_partition(name: str, produced: Array, expected: Array, tolerance: Tolerance) -> Judgement:
    """Match objects one to one by overlap, largest first; what is left over differs."""
    matched = 0
    taken_produced, taken_expected = {0}, {0}
    for p, e, count in overlaps(produced, expected):
        if (p == 0 and e == 0) or (p not in taken_produced and e not in taken_expected):
            matched += count
            taken_produced.add(p)
            taken_expected.add(e)
    differing = expected.size - matched
    ppm = differing / max(1, expected.size) * 1e6
    failed = ppm > tolerance.ppm
    message = f"{differing:,} of {expected.size:,} elements belong to another object" if failed else ""
    used = ppm / tolerance.ppm if tolerance.ppm else float(differing > 0)
    return Judgement(
        result=_result(
            name,
            produced,
            expected,
            tolerance,
            mismatched_ppm=ppm,
            headroom=1.0 - used,
            comparison="partition",
            message=message,
        ),
        reason=Reason.VALUES_DIFFER if failed else None,
    )


def _mismatch(
    name: str, produced: Array, expected: Array, tolerance: Tolerance, reason: Reason, message: str
) -> Judgement:
    result = _result(name, produced, expected, tolerance, mismatched_ppm=1e6, message=message)
    return Judgement(result=result, reason=reason)


def _result(
    name: str,
    produced: Array,
    expected: Array,
    tolerance: Tolerance,
    *,
    mismatched_ppm: float,
    max_abs_diff: float | None = None,
    max_rel_diff: float | None = None,
    headroom: float | None = None,
    comparison: str = "values",
    message: str = "",
) -> OutputResult:
    return OutputResult(
        name=name,
        shape=produced.shape,
        dtype=str(produced.dtype),
        max_abs_diff=max_abs_diff,
        max_rel_diff=max_rel_diff,
        mismatched_ppm=mismatched_ppm,
        atol=tolerance.atol,
        rtol=tolerance.rtol,
        allowed_ppm=tolerance.ppm,
        headroom=headroom,
        comparison=comparison,
        expected_shape=expected.shape,
        expected_dtype=str(expected.dtype),
        message=message,
    )


def _kind(dtype: np.dtype[Any]) -> str:
    """Whole numbers and truth values are one kind: a mask may be either."""
    return "float" if dtype.kind == "f" else "whole" if dtype.kind in "biu" else dtype.kind


def _number(value: Any) -> str:
    """Whole numbers in full, so that those which differ look different."""
    return str(int(value)) if value.dtype.kind in "biu" else f"{value:.6g}"
