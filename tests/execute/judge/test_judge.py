"""The judge: what is equal, what differs, and how it is told."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness import jsonio
from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array
from harness.execute.judge.judge import Judgement, judge
from harness.verdict import Reason

TOLERANCE = Tolerance(atol=1e-3, rtol=1e-3, ppm=0)
EXACT = Tolerance(atol=0, rtol=0)


def judged(
    produced: Array,
    expected: Array,
    *,
    tolerance: Tolerance = TOLERANCE,
    label_map: bool = False,
    axes: tuple[str, ...] = (),
) -> Judgement:
    return judge(
        "out",
        produced,
        expected,
        tolerance=tolerance,
        dtype=str(expected.dtype),
        label_map=label_map,
        axes=axes,
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
    result = judged(produced, expected).result
    assert "worst at (0, 1, 7, 8): 0.5, expected 0" in result.message
    assert result.worst_at == (0, 1, 7, 8)


def test_the_worst_element_is_the_one_that_uses_most_of_its_tolerance() -> None:
    expected = np.array([1000.0, 1.0, 0.0])
    produced = expected + np.array([1.5, 0.1, 0.01])
    assert judged(produced, expected).result.worst_at == (1,)


def test_what_passes_has_no_worst_element_and_no_kind() -> None:
    expected = np.linspace(0, 1, 100).reshape(10, 10)
    within = judged(expected + 5e-4, expected).result
    assert (within.worst_at, within.kind, within.message) == ((), "", "")
    allowed = judged(expected + 1, expected, tolerance=Tolerance(ppm=1e6)).result
    assert (allowed.worst_at, allowed.kind, allowed.message) == ((), "", "")


def test_the_kind_of_difference_is_told_where_axes_are_named() -> None:
    expected = np.random.default_rng(0).random((1, 2, 20, 30))
    flipped = judged(expected[..., ::-1], expected, axes=("batch", "channel", "y", "x"))
    assert flipped.result.kind == "axis x is flipped"
    assert judged(expected + 1, expected).result.kind == "differs by an offset of 1"
    assert judged(expected > 0.5, expected, axes=("b", "c", "y", "x")).result.kind == ""  # another data type


def test_the_kind_of_label_maps_is_a_cause_or_what_became_of_the_objects() -> None:
    rows, columns = np.mgrid[:60, :80]
    expected = np.where((rows % 12 > 2) & (columns % 16 > 3), 1 + rows // 12 * 5 + columns // 16, 0)
    expected = np.where((rows > 30) & (columns > 60), 0, expected).astype("int32")
    flipped = judged(expected[:, ::-1], expected, label_map=True, axes=("y", "x"))
    assert flipped.result.kind == "axis x is flipped"
    lost = judged(np.where(np.isin(expected, [3, 8]), 0, expected), expected, label_map=True, axes=("y", "x"))
    assert (lost.result.kind, lost.result.worst_at) == ("of 23 objects: 2 missing", ())
    assert judged(expected, expected, label_map=True).result.kind == ""


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
    judgement = judged(produced, expected, tolerance=anything)
    assert judgement.reason is Reason.UNEXPECTED_NAN
    assert judgement.result.worst_at == (2, 2)
    assert f"first at (2, 2): {odd}, expected 0" in judgement.result.message
    assert judged(expected, produced, tolerance=anything).reason is Reason.UNEXPECTED_NAN
    assert judged(produced, produced).passed
    assert judged(produced, produced + np.float32(1e-4)).passed


def test_the_first_nan_is_named_among_those_that_are_expected() -> None:
    expected = np.zeros(200_000)
    expected[[5, 150_000]] = np.nan
    produced = expected.copy()
    produced[[5, 100_000, 199_999]] = [np.inf, 1e9, np.nan]
    judgement = judged(produced, expected)
    assert judgement.reason is Reason.UNEXPECTED_NAN
    assert judgement.result.worst_at == (5,)
    assert judgement.result.mismatched_ppm == pytest.approx(15)
    assert "2 elements are NaN or infinite on one side only; first at (5,): inf" in judgement.result.message


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
    for dtype in ("int32", "complex64", "U4", "datetime64[s]"):
        assert judged(np.zeros((2, 3), dtype), expected).reason is Reason.WRONG_DTYPE
    assert judged(np.zeros((2, 3), "float64"), expected).passed


def test_another_number_of_dimensions_is_told_apart_from_another_size() -> None:
    expected = np.zeros((1, 2, 3), "float32")
    sizes = judged(np.zeros((1, 2, 4), "float32"), expected).result
    assert sizes.message == "shape is (1, 2, 4), expected (1, 2, 3)"
    rank = judged(np.zeros((2, 3), "float32"), expected).result
    assert rank.message == "has 2 dimensions (2, 3), expected 3 (1, 2, 3)"
    assert (rank.mismatched_ppm, rank.max_abs_diff, rank.headroom, rank.worst_at) == (1e6, None, None, ())
    scalar = judged(np.zeros((), "float32"), expected).result
    assert scalar.message == "has 0 dimensions (), expected 3 (1, 2, 3)"


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0, 3)])
@pytest.mark.parametrize("label_map", [False, True])
def test_arrays_of_one_or_no_element_are_judged(shape: tuple[int, ...], label_map: bool) -> None:
    ones, twos = np.ones(shape, "int32"), np.full(shape, 2, "int32")
    axes = ("y", "x", "c")[: len(shape)]
    assert judged(ones, ones, label_map=label_map, axes=axes).passed
    assert judged(twos, ones, label_map=label_map, axes=axes).passed is (label_map or ones.size == 0)
    assert judged(twos * 0, ones, label_map=label_map, axes=axes).passed is (ones.size == 0)


def test_a_mask_may_be_boolean_or_integer() -> None:
    expected = np.array([0, 1, 1, 0], "uint8")
    assert judged(expected.astype(bool), expected).passed
    assert judged(expected, expected.astype(bool)).passed
    inverted = judged(~expected.astype(bool), expected)
    assert inverted.reason is Reason.VALUES_DIFFER
    assert "worst at (0,): 1, expected 0" in inverted.result.message
    assert judged(expected.astype("float32"), expected).reason is Reason.WRONG_DTYPE


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


_LARGE = """
import resource, sys
import numpy as np
from harness.collection.tolerance import Tolerance
from harness.execute.judge.judge import judge

shape, dtype, label_map, folder = (1, 2, 16384, 16384), sys.argv[1], sys.argv[2] == "label map", sys.argv[3]
arrays = []
for name in "pe":
    array = np.lib.format.open_memmap(f"{folder}/{name}.npy", "w+", dtype, shape)
    array[0, :, 5000:5010, 100:200] = 1
    arrays.append(array)
arrays[0][0, 1, 16000, 3] = 7
del array
produced, expected = (np.load(f"{folder}/{name}.npy", mmap_mode="r") for name in "pe")
kilobytes = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (kilobytes * 1024 + 2**30,) * 2)
for p, passes in ((produced, False), (expected, True)):
    judgement = judge(
        "out", p, expected, tolerance=Tolerance(), dtype=dtype, label_map=label_map,
        axes=("batch", "channel", "y", "x"),
    )
    assert judgement.passed is passes, judgement
    assert judgement.result.worst_at == (() if passes or label_map else (0, 1, 16000, 3)), judgement
try:
    expected.astype("float64")
except MemoryError:
    print("bounded")
"""


@pytest.mark.slow
@pytest.mark.may_skip
@pytest.mark.skipif(sys.platform != "linux", reason="needs the RLIMIT_DATA of Linux")
@pytest.mark.parametrize(("dtype", "comparison"), [("float32", "values"), ("int32", "label map")])
def test_two_gigabytes_are_judged_in_one(dtype: str, comparison: str, tmp_path: Path) -> None:
    """Files with holes, mapped; a limit on anonymous memory that a copy of one of them would exceed."""
    command = [sys.executable, "-c", _LARGE, dtype, comparison, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.stdout.strip() == "bounded", done.stderr
