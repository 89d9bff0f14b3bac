"""Compare a produced with an expected array (pure; the same code for every consumer)."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array, chunks, order_of
from harness.execute.judge.difference import guess_cause, guess_kind
from harness.execute.judge.partition import Overlaps, overlaps
from harness.execute.judge.value_differences import ValueDifferences
from harness.ledger.record import OutputResult
from harness.verdict import Reason

_REAL = "biuf"


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
    axes: tuple[str, ...] = (),
) -> Judgement:
    """Judge one output.

    Args:
        name: the output's id.
        produced: any shape; compared element by element with ``expected``.
        expected: the same; both have to hold real numbers.
        tolerance: an element differs if ``|produced - expected| > atol + rtol * |expected|``.
        dtype: the described data type; its kind (integer or float) must be the produced one's.
        label_map: compare as partitions: the same objects up to renumbering, 0 being background. The labels
            may be whole numbers of a float type. Where more than a million pairs of labels meet, they have
            to be equal, which lets pass no more.
        axes: the id of each axis; tells differences in space from others. It never changes the reason.

    NaN and infinity equal only themselves at the same place, whatever the tolerance. What no finite float64
    tells (a difference of 2e308) is None in the result.
    """
    if len(produced.shape) != len(expected.shape):
        what = (
            f"has {len(produced.shape)} dimensions {produced.shape}, "
            f"expected {len(expected.shape)} {expected.shape}"
        )
        return _mismatch(name, produced, expected, tolerance, Reason.WRONG_SHAPE, what)
    if produced.shape != expected.shape:
        what = f"shape is {produced.shape}, expected {expected.shape}"
        return _mismatch(name, produced, expected, tolerance, Reason.WRONG_SHAPE, what)
    unreal = next((array.dtype for array in (produced, expected) if array.dtype.kind not in _REAL), None)
    if unreal is not None:
        what = f"data type is {unreal}, which holds no real numbers"
        return _mismatch(name, produced, expected, tolerance, Reason.WRONG_DTYPE, what)
    if _kind(produced.dtype) != _kind(np.dtype(dtype)):
        what = f"data type is {produced.dtype}, described as {dtype}"
        return _mismatch(name, produced, expected, tolerance, Reason.WRONG_DTYPE, what)
    if label_map and _holds_labels(produced) and _holds_labels(expected):
        found = overlaps(produced, expected)
        if found is not None:
            return _judge_partition(name, produced, expected, tolerance, found, axes)
        tolerance = Tolerance(atol=0, rtol=0, ppm=tolerance.ppm)  # neighbouring labels are other objects
    return _judge_values(name, produced, expected, tolerance, axes)


def _judge_values(
    name: str, produced: Array, expected: Array, tolerance: Tolerance, axes: tuple[str, ...]
) -> Judgement:
    found = ValueDifferences(tolerance)
    order = order_of(produced, expected)
    for chunk in chunks(produced, expected, order):
        found.add(*chunk)
    reason, place, message = None, None, ""
    if found.first_not_finite is not None:
        reason, place = Reason.UNEXPECTED_NAN, found.first_not_finite
        message = f"{found.not_finite:,} elements are NaN or infinite on one side only; first"
    elif found.ppm > tolerance.ppm:
        reason, place = Reason.VALUES_DIFFER, found.worst
        largest = f"{found.max_abs:.3g}" if np.isfinite(found.max_abs) else "more than a float64 holds"
        message = (
            f"{found.beyond:,} of {found.seen:,} elements differ beyond tolerance; largest difference "
            f"{largest}; worst"
        )
    at: tuple[int, ...] = ()
    if place is not None:
        at = tuple(int(index) for index in np.unravel_index(place, expected.shape, order=order))
        message = f"{message} at {at}: {_number(produced[at])}, expected {_number(expected[at])}"
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
        worst_at=at,
        kind=guess_kind(produced, expected, axes=axes, tolerance=tolerance) if reason else "",
    )
    return Judgement(result=result, reason=reason)


def _judge_partition(
    name: str,
    produced: Array,
    expected: Array,
    tolerance: Tolerance,
    found: Overlaps,
    axes: tuple[str, ...],
) -> Judgement:
    differing = expected.size - found.matching().elements
    ppm = differing / max(1, expected.size) * 1e6
    failed = ppm > tolerance.ppm
    left = 1.0 - ppm / tolerance.ppm if tolerance.ppm else None if failed else 1.0
    result = _result(
        name,
        produced,
        expected,
        tolerance,
        mismatched_ppm=ppm,
        headroom=left,
        comparison="partition",
        message=f"{differing:,} of {expected.size:,} elements belong to another object" if failed else "",
        kind=(guess_cause(produced, expected, axes=axes) or found.in_words()) if failed else "",
    )
    return Judgement(result=result, reason=Reason.VALUES_DIFFER if failed else None)


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
    worst_at: tuple[int, ...] = (),
    kind: str = "",
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
        worst_at=worst_at,
        kind=kind,
    )


def _holds_labels(array: Array) -> bool:
    """Whether all are whole numbers, in whatever type: format 0.4 knows label maps of float32 alone."""
    if array.dtype.kind == "f":
        parts = chunks(array, array, order_of(array, array))
        return all(bool((np.isfinite(part) & (part == np.rint(part))).all()) for part, _ in parts)
    return array.dtype.kind in "iu"


def _kind(dtype: np.dtype[Any]) -> str:
    """Whole numbers and truth values are one kind: a mask may be either."""
    return "float" if dtype.kind == "f" else "whole" if dtype.kind in "biu" else dtype.kind


def _number(value: Any) -> str:
    """Whole numbers in full, so that those which differ look different."""
    return str(int(value)) if value.dtype.kind in "biu" else f"{value:.6g}"
