"""The judge: what is equal, what differs, and how it is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.collection.tolerance import Tolerance
from harness.execute.judge import Array, Judgement, judge
from harness.verdict import Reason

TOLERANCE = Tolerance(atol=1e-3, rtol=1e-3, ppm=0)


def judged(
    produced: Array, expected: Array, *, tolerance: Tolerance = TOLERANCE, label_map: bool = False
) -> Judgement:
    return judge(
        "out",
        produced,
        expected,
        tolerance=tolerance,
        dtype=str(expected.dtype),
        label_map=label_map,
    )


def test_equal_arrays_pass_with_all_of_the_tolerance_left() -> None:
    array = np.linspace(-1, 1, 1000, dtype="float32").reshape(10, 100)
    result = judged(array, array).result
    assert (result.max_abs_diff, result.mismatched_ppm, result.headroom) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("difference", "passes"), [(0.9e-3, True), (1.9e-3, True), (2.1e-3, False)])
def test_the_bound_is_atol_plus_rtol_times_expected(difference: float, passes: bool) -> None:
    expected = np.ones((4, 4), "float64")
    assert judged(expected + difference, expected).passed is passes


def test_allowed_mismatches_per_million_are_counted() -> None:
    expected = np.zeros(1_000_000, "float32")
    produced = expected.copy()
    produced[:100] = 1.0
    assert judged(produced, expected, tolerance=Tolerance(ppm=100)).passed
    produced[100] = 1.0
    failed = judged(produced, expected, tolerance=Tolerance(ppm=100))
    assert failed.reason is Reason.VALUES_DIFFER
    assert failed.result.mismatched_ppm == pytest.approx(101)


def test_the_worst_element_is_named() -> None:
    expected = np.zeros((1, 2, 30, 40), "float32")
    produced = expected.copy()
    produced[0, 1, 7, 8] = 0.5
    assert "worst at (0, 1, 7, 8): 0.5, expected 0" in judged(produced, expected).result.message


def test_the_worst_element_is_found_beyond_the_first_chunk() -> None:
    expected = np.zeros(3_000_000, "float32")
    produced = expected.copy()
    produced[2_500_000] = 2.0
    assert "worst at (2500000,)" in judged(produced, expected).result.message


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_pass_only_where_they_are_expected(odd: float) -> None:
    expected = np.zeros((5, 5), "float32")
    produced = expected.copy()
    produced[2, 2] = odd
    anything = Tolerance(atol=1e30, rtol=1e30, ppm=1e6)
    assert judged(produced, expected, tolerance=anything).reason is Reason.UNEXPECTED_NAN
    assert judged(expected, produced, tolerance=anything).reason is Reason.UNEXPECTED_NAN
    assert judged(produced, produced).passed


def test_opposite_infinities_differ() -> None:
    up, down = np.full(3, np.inf), np.full(3, -np.inf)
    assert judged(up, down).reason is Reason.UNEXPECTED_NAN


def test_shape_and_dtype_are_told_apart() -> None:
    expected = np.zeros((2, 3), "float32")
    assert judged(np.zeros((3, 2), "float32"), expected).reason is Reason.WRONG_SHAPE
    assert judged(np.zeros((1, 2, 3), "float32"), expected).reason is Reason.WRONG_SHAPE
    assert judged(np.zeros((2, 3), "int32"), expected).reason is Reason.WRONG_DTYPE
    assert judged(np.zeros((2, 3), "float64"), expected).passed


def test_a_mask_may_be_boolean_or_integer() -> None:
    expected = np.array([0, 1, 1, 0], "uint8")
    assert judged(expected.astype(bool), expected).passed
    assert judged(~expected.astype(bool), expected).reason is Reason.VALUES_DIFFER


def test_label_maps_are_equal_up_to_renumbering() -> None:
    expected = np.array([[0, 1, 1], [0, 2, 2], [3, 3, 0]], "int32")
    renumbered = np.choose(expected, [0, 7, 5, 1]).astype("int32")
    assert judged(renumbered, expected, label_map=True).passed
    assert judged(renumbered, expected, label_map=False).reason is Reason.VALUES_DIFFER


def test_merged_and_split_objects_are_different_label_maps() -> None:
    expected = np.array([0, 1, 1, 2, 2, 2], "int32")
    merged = np.array([0, 1, 1, 1, 1, 1], "int32")
    result = judged(merged, expected, label_map=True)
    assert result.reason is Reason.VALUES_DIFFER
    assert result.result.mismatched_ppm == pytest.approx(2 / 6 * 1e6)
    assert judged(expected, merged, label_map=True).reason is Reason.VALUES_DIFFER


def test_background_is_not_renumbered() -> None:
    expected = np.array([0, 0, 1, 1], "int32")
    inverted = np.array([1, 1, 0, 0], "int32")
    assert judged(inverted, expected, label_map=True).reason is Reason.VALUES_DIFFER


arrays = hnp.arrays(
    np.float32,
    hnp.array_shapes(max_dims=4, max_side=5),
    elements=st.floats(-1e6, 1e6, width=32),
)


@given(arrays)
def test_every_array_reproduces_itself(array: Array) -> None:
    assert judged(array, array, tolerance=Tolerance(atol=0, rtol=0)).passed


@given(arrays, st.floats(0, 10), st.floats(0, 1))
def test_passing_means_what_numpy_means(expected: Array, atol: float, rtol: float) -> None:
    rng = np.random.default_rng(0)
    produced = (expected + rng.normal(0, 1, expected.shape)).astype("float32")
    close = np.isclose(produced.astype("f8"), expected.astype("f8"), rtol=rtol, atol=atol)
    verdict = judged(produced, expected, tolerance=Tolerance(atol=atol, rtol=rtol))
    assert verdict.passed is bool(close.all())


labels = hnp.arrays(np.int32, hnp.array_shapes(max_dims=2, max_side=8), elements=st.integers(0, 5))


@given(labels, st.permutations(range(1, 6)))
def test_any_renumbering_of_objects_is_the_same_label_map(expected: Array, order: list[int]) -> None:
    renumbered = np.array([0, *order], "int32")[expected]
    assert judged(renumbered, expected, label_map=True).passed
