"""Other values at the same places: a factor, an offset, or both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array
from harness.execute.judge.difference import guess_kind
from tests.execute.judge.planted import AXES, FEW, guess, seeds, textured


@FEW
@given(seeds, st.floats(0.1, 1000) | st.floats(-1000, -0.1))
def test_a_scale_factor_is_found(seed: int, factor: float) -> None:
    expected = textured(seed)
    if abs(factor - 1) > 0.05:
        assert guess(expected * factor, expected) == f"differs by a scale factor of {factor:.5g}"


@FEW
@given(seeds, st.floats(0.05, 1e6) | st.floats(-1e6, -0.05))
def test_an_offset_is_found(seed: int, offset: float) -> None:
    expected = textured(seed)
    assert guess(expected + offset, expected) == f"differs by an offset of {offset:.5g}"


@FEW
@given(seeds, st.floats(2, 100), st.floats(0.3, 0.9))
def test_scale_and_offset_are_told_together(seed: int, factor: float, share: float) -> None:
    expected = textured(seed)
    offset = factor * share
    words = f"differs by a scale factor of {factor:.5g} and an offset of {offset:.5g}"
    assert guess(expected * factor + offset, expected) == words


def test_a_factor_next_to_one_is_not_rounded_to_one(image: Array) -> None:
    exact = Tolerance(atol=0, rtol=0)
    kind = guess_kind(image * (1 + 3e-6), image, axes=AXES, tolerance=exact)
    assert kind == "differs by a scale factor of 1+3e-06"


def test_inverted_probabilities_are_a_factor_and_an_offset(image: Array) -> None:
    assert guess(1 - image, image) == "differs by a scale factor of -1 and an offset of 1"


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float16", ">f4"])
def test_any_type_of_numbers_can_be_scaled(image: Array, dtype: str) -> None:
    expected = np.rint(image * 100).astype(dtype)
    assert guess(expected * 2, expected) == "differs by a scale factor of 2"


def test_the_largest_numbers_do_not_overflow(image: Array) -> None:
    assert guess(image * 1.7e308, image * 1.7e308 / 2) == "differs by a scale factor of 2"
