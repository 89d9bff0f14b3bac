"""The judge: what is equal, what differs, and how it is told."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness import jsonio
from harness.collection.tolerance import Tolerance
from harness.execute.chunks import Array, overlaps
from harness.execute.judge import Judgement, judge
from harness.verdict import Reason

TOLERANCE = Tolerance(atol=1e-3, rtol=1e-3, ppm=0)
EXACT = Tolerance(atol=0, rtol=0)


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


@pytest.mark.parametrize(
    ("produced", "expected", "tolerance", "max_abs", "max_rel", "passes"),
    [
        (1e308, -1e308, TOLERANCE, None, 2.0, False),
        (1e308, -1e308, Tolerance(atol=0, rtol=1.99), None, 2.0, False),
        (1e308, -1e308, Tolerance(atol=0, rtol=2.01), None, 2.0, True),
        (1e308, -1e308, Tolerance(atol=1.7e308, rtol=0), None, 2.0, False),
        (1e308, -1e308, Tolerance(atol=1.7e308, rtol=1e308), None, 2.0, True),
        (1e305, 0.0, TOLERANCE, 1e305, None, False),
        (1e305, 0.0, EXACT, 1e305, None, False),
        (0.0, 1e308, TOLERANCE, 1e308, 1.0, False),
    ],
)
def test_differences_beyond_float64_are_judged_and_can_be_stored(
    produced: float, expected: float, tolerance: Tolerance, max_abs: float, max_rel: float, passes: bool
) -> None:
    judgement = judged(np.array([0.0, produced]), np.array([0.0, expected]), tolerance=tolerance)
    assert judgement.reason is (None if passes else Reason.VALUES_DIFFER)
    assert judgement.result.max_abs_diff == max_abs
    assert judgement.result.max_rel_diff == max_rel
    assert judgement.result.mismatched_ppm == (0.0 if passes else 5e5)
    assert "inf" not in judgement.result.message
    jsonio.dumps(judgement.result)


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


WHOLE = st.sampled_from(["bool", "int8", "uint8", "int32", "uint32", "int64", "uint64"])


@given(st.data(), WHOLE, WHOLE)
def test_whole_numbers_are_compared_exactly(data: st.DataObject, first: str, second: str) -> None:
    values = []
    for dtype in (first, second):
        low, high = (0, 1) if dtype == "bool" else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
        some = st.integers(low, high) | st.sampled_from([low, high])
        values.append(data.draw(some))
    produced, expected = np.array([values[0]], first), np.array([values[1]], second)
    judgement = judged(produced, expected, tolerance=EXACT)
    assert judgement.passed is (values[0] == values[1])
    assert judgement.result.max_abs_diff == pytest.approx(abs(values[0] - values[1]), rel=1e-15)


@pytest.mark.parametrize(("first", "second"), [("uint64", "uint64"), ("uint64", "int64"), ("int64", "int64")])
def test_large_neighbours_differ_and_are_written_in_full(first: str, second: str) -> None:
    judgement = judged(np.array([2**60 + 1], first), np.array([2**60], second), tolerance=EXACT)
    assert judgement.result.max_abs_diff == 1.0
    assert f"{2**60 + 1}, expected {2**60}" in judgement.result.message


@pytest.mark.parametrize("layout", ["FF", "CF", "FC", "CC"])
def test_mapped_arrays_are_never_copied_whole(layout: str, tmp_path: Path) -> None:
    shape, at = (1, 8, 1024, 2048), (0, 3, 17, 5)
    arrays = []
    for name, order in zip("pe", layout, strict=True):
        path = tmp_path / f"{name}.npy"
        np.lib.format.open_memmap(path, "w+", "uint8", shape, order == "F")[at] = 7 if name == "p" else 1
        arrays.append(np.load(path, mmap_mode="r"))
    produced, expected = arrays
    tracemalloc.start()
    for label_map in (False, True):
        judgement = judged(produced, expected, tolerance=EXACT, label_map=label_map)
        assert judgement.passed is label_map
        if not label_map:
            assert f"worst at {at}: 7, expected 1" in judgement.result.message
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 2**20  # chunks of 2**20 elements as float64, however large the arrays


@given(st.data())
def test_any_layout_is_judged_alike(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    kind = data.draw(st.sampled_from([">f4", "<f8", "i4"]))
    pair = [data.draw(hnp.arrays(kind, shape, elements=st.integers(0, 3))) for _ in "pe"]
    reference = judged(pair[0], pair[1], tolerance=EXACT)
    orders: list[Any] = [data.draw(st.sampled_from("CF")) for _ in "pe"]
    again = judged(*(np.asarray(a, order=o) for a, o in zip(pair, orders, strict=True)), tolerance=EXACT)
    assert again.result.mismatched_ppm == reference.result.mismatched_ppm
    if again.reason is not None:
        at = eval(again.result.message.partition("worst at ")[2].partition(":")[0])  # noqa: S307
        assert pair[0][at] != pair[1][at]


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


@given(st.data())
def test_overlaps_are_all_pairs_the_largest_first(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=2, max_side=8))
    sides = [
        data.draw(hnp.arrays(dtype, shape, elements=st.integers(low, high)))
        for dtype, low, high in (("int64", -(2**63), -(2**63) + 3), ("uint64", 2**64 - 4, 2**64 - 1))
    ]
    counted = Counter(zip(*(side.reshape(-1).tolist() for side in sides), strict=True))
    reference = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    assert list(overlaps(sides[0], sides[1])) == [(*pair, count) for pair, count in reference]


def test_label_maps_larger_than_one_chunk() -> None:
    expected = np.repeat(np.arange(3000, dtype="int32"), 1000)
    assert judged((expected * 7) % 3001, expected, label_map=True).passed
    produced = expected.copy()
    produced[:10] = 5000
    assert judged(produced, expected, label_map=True).result.mismatched_ppm == pytest.approx(10 / 3)
