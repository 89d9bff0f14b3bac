"""Where arrays differ: near the border, or in a part of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.execute.judge.chunks import Array
from tests.execute.judge.planted import AXES, FEW, NUMBERS, bordered, guess, seeds, textured


@FEW
@given(seeds, st.integers(1, 5), st.sampled_from([(2,), (3,), (2, 3)]))
def test_a_border_is_found(seed: int, width: int, axes: tuple[int, ...]) -> None:
    expected = textured(seed)
    words = f"only within {width} pixel{'s' * (width > 1)} of the border along "
    words += ", ".join(AXES[axis] for axis in axes)
    assert guess(bordered(expected, width, axes, seed ^ 1), expected) == words


def test_a_border_of_most_of_the_array_is_none(image: Array) -> None:
    assert "border" not in guess(bordered(image, 14, (2, 3)), image)


def test_two_sides_of_the_border_are_not_all_of_it(image: Array) -> None:
    produced = image.copy()
    produced[:, :, :4] = textured(1)[:, :, :4]
    produced[..., :4] = textured(1)[..., :4]
    assert guess(produced, image) == ""


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (np.s_[:, 1], "channel 1 of 3"),
        (np.s_[:, ::2], "channels 0 and 2 of 3"),
        (np.s_[1], "batch item 1 of 2"),
        (np.s_[1, 0], "batch item 1 of 2, channel 0 of 3"),
        (np.s_[..., 10:20, 5:9], "y 10 to 19, x 5 to 8"),
        (np.s_[:, 2, 30:, 7], "channel 2 of 3, y 30 to 39, x 7"),
        (np.s_[..., :6], "x 0 to 5"),
    ],
)
def test_the_part_that_differs_is_named_with_its_kind(image: Array, where: Any, words: str) -> None:
    produced = image.copy()
    produced[where] += 0.25
    assert guess(produced, image) == f"only in {words} (counted from 0): differs by an offset of 0.25"
    produced = image.copy()
    produced[where] = np.nan
    assert guess(produced, image) == f"only in {words} (counted from 0): every produced value is nan"


def test_many_parts_are_named_from_first_to_last() -> None:
    expected = textured(0, (12, 20, 20))
    produced = expected.copy()
    produced[4:7] = textured(1, (3, 20, 20))
    axes = ("channel", "y", "x")
    assert guess(produced, expected, axes) == "only in channels 4 to 6 of 12 (counted from 0)"
    produced = expected.copy()
    produced[1:11:3] = textured(1, (4, 20, 20))
    assert guess(produced, expected, axes) == "only in channels 1 to 10 in steps of 3 of 12 (counted from 0)"
    assert guess(produced, expected, ("index", "y", "x")).endswith("of 12 along axis index (counted from 0)")
    produced[2] = 0
    assert guess(produced, expected, axes) == ""


def test_a_part_can_have_a_border_or_noise(image: Array) -> None:
    produced = image.copy()
    produced[:, 1] = bordered(image, 3, (2, 3))[:, 1]
    where = "only in channel 1 of 3 (counted from 0): "
    assert guess(produced, image) == f"{where}only within 3 pixels of the border along y, x"
    produced[:, 1] = image[:, 1] + NUMBERS.normal(0, 0.1, image[:, 1].shape)
    assert guess(produced, image) == f"{where}noise everywhere"
