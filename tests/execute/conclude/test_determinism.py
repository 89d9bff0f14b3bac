"""The same input again: bitwise, within tolerance, or unstable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.execute.conclude.determinism import bitwise_equal, determinism
from harness.execute.conclude.question import Question
from harness.verdict import PASSED, Reason

ONES = np.ones((1, 1, 4, 4), "float32")


@given(hnp.arrays(hnp.floating_dtypes() | hnp.integer_dtypes(), hnp.array_shapes(max_side=5)), st.data())
def test_bitwise_means_every_bit(array: np.ndarray, data: st.DataObject) -> None:
    assert bitwise_equal(array, array.copy())
    changed = array.copy()
    place = data.draw(st.integers(0, array.nbytes - 1))
    changed.reshape(-1).view("u1")[place] ^= 1
    assert not bitwise_equal(array, changed)


def test_minus_zero_is_not_zero_and_nan_is_itself() -> None:
    assert not bitwise_equal(np.zeros(3), -np.zeros(3))
    assert bitwise_equal(np.full(3, np.nan), np.full(3, np.nan))


def test_another_shape_or_type_is_not_equal() -> None:
    assert not bitwise_equal(np.zeros(4), np.zeros((2, 2)))
    assert not bitwise_equal(np.zeros(4), np.zeros(4, "float32"))


@pytest.mark.parametrize(
    ("offset", "reason", "words"),
    [
        (0.0, None, "2 runs are bitwise equal"),
        (0.05, None, "2 runs agree within tolerance, not bitwise; largest difference 0.05"),
        (
            0.5,
            Reason.NOT_DETERMINISTIC,
            "unstable: run 2 differs from the first: output probability: 16 of 16",
        ),
    ],
)
def test_the_measure(question: Question, offset: float, reason: Reason | None, words: str) -> None:
    verdict, measured = determinism([(ONES,), (ONES + np.float32(offset),)], question)
    assert verdict.reason is reason
    assert measured.startswith(words)
    assert verdict == PASSED or verdict.message == measured


def test_the_worst_of_several_runs_counts(question: Question) -> None:
    runs = [(ONES,), (ONES,), (ONES + np.float32(0.07),), (ONES + np.float32(0.05),)]
    assert determinism(runs, question)[1].endswith("largest difference 0.07")


def test_another_number_of_outputs_is_unstable(question: Question) -> None:
    verdict, measured = determinism([(ONES,), (ONES, ONES)], question)
    assert verdict.reason is Reason.NOT_DETERMINISTIC
    assert measured == "unstable: run 2 gave 2 outputs, the first 1"


def test_a_difference_that_no_number_tells(question: Question) -> None:
    huge = np.full((1, 1, 4, 4), 1.7e308)
    verdict, _ = determinism([(huge,), (-huge,)], question)
    assert verdict.reason is Reason.NOT_DETERMINISTIC
