"""Label maps: the same objects up to renumbering, and in words what became of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.collection.tolerance import Tolerance
from harness.execute.judge import partition
from harness.execute.judge.chunks import Array
from harness.execute.judge.judge import Judgement, judge
from harness.execute.judge.partition import Overlaps, overlaps
from harness.verdict import Reason


def judged(produced: Array, expected: Array) -> Judgement:
    return judge("out", produced, expected, tolerance=Tolerance(), dtype="int32", label_map=True)


def met(produced: Array, expected: Array) -> Overlaps:
    found = overlaps(produced, expected)
    assert found is not None
    return found


def test_label_maps_are_equal_up_to_renumbering() -> None:
    expected = np.array([[0, 1, 1], [0, 2, 2], [3, 3, 0]], "int32")
    renumbered = np.choose(expected, [0, 7, 5, 1]).astype("int32")
    result = judged(renumbered, expected).result
    assert (result.message, result.comparison, result.headroom, result.max_abs_diff) == (
        "",
        "partition",
        1.0,
        None,
    )
    by_value = judge("out", renumbered, expected, tolerance=Tolerance(), dtype="int32", label_map=False)
    assert by_value.reason is Reason.VALUES_DIFFER


def test_merged_and_split_objects_are_different_label_maps() -> None:
    expected = np.array([0, 1, 1, 2, 2, 2], "int32")
    merged = np.array([0, 1, 1, 1, 1, 1], "int32")
    result = judged(merged, expected)
    assert result.reason is Reason.VALUES_DIFFER
    assert result.result.mismatched_ppm == pytest.approx(2 / 6 * 1e6)
    assert judged(expected, merged).reason is Reason.VALUES_DIFFER


def test_background_is_not_renumbered() -> None:
    expected = np.array([0, 0, 1, 1], "int32")
    assert judged(1 - expected, expected).reason is Reason.VALUES_DIFFER


def test_allowed_mismatches_use_up_the_headroom() -> None:
    expected = np.repeat(np.arange(5, dtype="int32"), 200)
    produced = expected.copy()
    produced[300] = 4
    allowed = judge("out", produced, expected, tolerance=Tolerance(ppm=4000), dtype="int32", label_map=True)
    assert allowed.passed
    assert allowed.result.headroom == pytest.approx(0.75)
    refused = judge("out", produced, expected, tolerance=Tolerance(ppm=500), dtype="int32", label_map=True)
    assert refused.result.headroom == pytest.approx(-1)
    nothing_allowed = judged(produced, expected)  # no share of nothing is left, and none is used
    assert (nothing_allowed.reason, nothing_allowed.result.headroom) == (Reason.VALUES_DIFFER, None)


labels = hnp.arrays(np.int32, hnp.array_shapes(max_dims=2, max_side=8), elements=st.integers(0, 5))


@given(labels, st.permutations(range(1, 6)))
def test_any_renumbering_of_objects_is_the_same_label_map(expected: Array, order: list[int]) -> None:
    renumbered = np.array([0, *order], "int32")[expected]
    assert judged(renumbered, expected).passed
    assert met(renumbered, expected).in_words().endswith(" objects, other outlines")


@given(st.data())
def test_overlaps_are_all_pairs_the_largest_first(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(max_dims=2, max_side=8))
    sides = [
        data.draw(hnp.arrays(dtype, shape, elements=st.integers(low, high)))
        for dtype, low, high in (("int64", -(2**63), -(2**63) + 3), ("uint64", 2**64 - 4, 2**64 - 1))
    ]
    assert_counted(sides[0], sides[1])


@given(hnp.arrays(np.int32, st.integers(0, 300), elements=st.integers(0, 8)), st.integers(0, 2**32 - 1))
def test_overlaps_of_many_chunks_are_added_up(produced: Array, seed: int) -> None:
    expected = np.asarray(np.random.default_rng(seed).integers(0, 4, produced.shape))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "_CHUNK", 16)
        patch.setattr(partition, "MOST_PAIRS", 40)
        assert_counted(produced, expected)


def assert_counted(produced: Array, expected: Array) -> None:
    counted = Counter(zip(produced.reshape(-1).tolist(), expected.reshape(-1).tolist(), strict=True))
    reference = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    columns = (column.tolist() for column in met(produced, expected))
    assert list(zip(*columns, strict=True)) == [(*pair, count) for pair, count in reference]


def test_label_maps_larger_than_one_chunk() -> None:
    expected = np.repeat(np.arange(3000, dtype="int32"), 1000)
    assert judged((expected * 7) % 3001, expected).passed
    produced = expected.copy()
    produced[:10] = 5000
    assert judged(produced, expected).result.mismatched_ppm == pytest.approx(10 / 3)


def test_too_many_labels_are_compared_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "MOST_PAIRS", 50)
    expected = np.arange(1, 61, dtype="int32")
    assert overlaps(expected, expected) is None
    same = judged(expected, expected)
    assert (same.passed, same.result.comparison) == (True, "values")
    renumbered = judged(expected[::-1].copy(), expected)
    assert renumbered.reason is Reason.VALUES_DIFFER
    assert "differ beyond tolerance" in renumbered.result.message


def test_too_many_labels_pass_no_more_than_a_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "MOST_PAIRS", 50)
    expected = np.arange(10_000, 10_060, dtype="int32")
    merged = expected.copy()
    merged[1] = merged[0]
    judgement = judged(merged, expected)
    assert judgement.reason is Reason.VALUES_DIFFER
    assert (judgement.result.atol, judgement.result.rtol) == (0, 0)


def test_labels_may_be_of_a_float_type() -> None:
    expected = np.array([0, 1, 1, 2, 2], "uint16")
    renumbered = np.array([0, 5, 5, 3, 3], "float32")

    def as_floats(produced: Array) -> Judgement:
        return judge("out", produced, expected, tolerance=Tolerance(), dtype="float32", label_map=True)

    assert as_floats(renumbered).passed
    assert as_floats(renumbered).result.comparison == "partition"
    assert as_floats(renumbered * 0 + 1).reason is Reason.VALUES_DIFFER
    assert as_floats(renumbered + np.float32(0.5)).result.comparison == "values"
    for odd in (np.nan, np.inf):
        assert as_floats(np.where(expected == 2, np.float32(odd), renumbered)).reason is Reason.UNEXPECTED_NAN


def objects(*sizes: int) -> Array:
    """Objects of these sizes, numbered from 1, with background between them."""
    return np.concatenate([[0, *[label] * size] for label, size in enumerate(sizes, start=1)])


def test_what_became_of_the_objects_is_told() -> None:
    expected = objects(4, 4, 4, 4, 10)
    assert met(expected, expected).in_words() == "the same 5 objects, other outlines"
    assert met(np.where(expected == 2, 0, expected), expected).in_words() == "of 5 objects: 1 missing"
    assert met(np.where(expected == 2, 1, expected), expected).in_words() == "of 5 objects: 1 merged"
    halves = expected.copy()
    halves[-5:] = 9
    assert met(halves, expected).in_words() == "of 5 objects: 1 split"
    assert met(expected, np.where(expected > 3, 0, expected)).in_words() == "of 3 objects: 2 extra"
    assert met(np.zeros_like(expected), expected).in_words() == "of 5 objects: 5 missing"
    assert met(expected, np.zeros_like(expected)).in_words() == "of 0 objects: 5 extra"
    everything = np.where(expected == 1, 0, halves)
    everything[expected == 3] = 4
    everything = np.append(everything, [0, 20, 20])
    expected = np.append(expected, [0, 0, 0])
    assert met(everything, expected).in_words() == "of 5 objects: 1 missing, 1 split, 1 merged, 1 extra"


def test_a_grown_object_is_the_same() -> None:
    expected = objects(10, 10, 10)
    grown = expected.copy()
    grown[0] = 1
    assert met(grown, expected).in_words() == "the same 3 objects, other outlines"
    assert judged(grown.astype("int32"), expected.astype("int32")).reason is Reason.VALUES_DIFFER
