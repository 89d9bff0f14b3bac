"""The same values at other places: shifted, flipped, or along other axes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.execute.judge.chunks import Array
from tests.execute.judge.planted import FEW, guess, seeds, textured


@FEW
@given(seeds, st.integers(-8, 8), st.integers(-10, 10), st.integers(0, 4))
def test_a_shift_is_found(seed: int, down: int, right: int, smooth: int) -> None:
    expected = textured(seed, smooth=smooth)
    moved = [(by, axis) for by, axis in ((down, "y"), (right, "x")) if by]
    words = {
        0: "",
        1: f"shifted by {moved[0][0]} pixel{'s' * (abs(moved[0][0]) > 1)} along {moved[0][1]}"
        if moved
        else "",
        2: f"shifted by ({down}, {right}) pixels along y, x",
    }
    assert guess(np.roll(expected, (down, right), (2, 3)), expected) == words[len(moved)]


def test_a_shift_is_found_though_the_border_was_computed_anew(image: Array) -> None:
    produced = np.roll(image, (3, -2), (2, 3))
    for border in (np.s_[:, :, :2], np.s_[:, :, -2:], np.s_[..., :2], np.s_[..., -2:]):
        produced[border] = textured(1)[border]
    assert guess(produced, image) == "shifted by (3, -2) pixels along y, x"


def test_a_shift_in_a_volume_or_a_profile_is_found() -> None:
    volume = textured(0, (1, 1, 16, 24, 24))
    axes = ("batch", "channel", "z", "y", "x")
    assert guess(np.roll(volume, 1, 2), volume, axes) == "shifted by 1 pixel along z"
    profile = textured(0, (1, 200))
    assert guess(np.roll(profile, -7, 1), profile, ("batch", "x")) == "shifted by -7 pixels along x"


def test_a_shift_of_bare_background_is_none() -> None:
    expected = np.zeros((1, 1, 64, 64))
    produced = expected.copy()
    expected[..., :12, :12] = produced[..., -12:, -12:] = 1
    assert "shifted" not in guess(produced, expected)


@FEW
@given(seeds)
def test_what_is_told_of_a_shifted_array_holds_when_it_is_undone(seed: int) -> None:
    """The sign: a positive shift moves the produced array down and to the right."""
    expected = textured(seed, (1, 1, 32, 32))
    produced = textured(seed ^ 1, (1, 1, 32, 32))
    produced[..., 3:, 2:] = expected[..., :-3, :-2]
    assert guess(produced, expected) == "shifted by (3, 2) pixels along y, x"


@FEW
@given(seeds, st.sampled_from([(2,), (3,), (2, 3)]))
def test_a_flip_is_found(seed: int, axes: tuple[int, ...]) -> None:
    expected = textured(seed)
    words = {(2,): "axis y is flipped", (3,): "axis x is flipped", (2, 3): "axes y and x are flipped"}
    assert guess(np.flip(expected, axes), expected) == words[axes]


@FEW
@given(seeds)
def test_swapped_axes_are_found(seed: int) -> None:
    expected = textured(seed, (1, 2, 40, 40))
    assert guess(np.swapaxes(expected, 2, 3), expected) == "axes y and x are swapped"
    turned = np.rot90(expected, axes=(2, 3))
    assert guess(turned, expected) == "axes y and x are swapped, axis y is flipped"


def test_three_axes_can_be_flipped_at_once() -> None:
    volume = textured(0, (20, 24, 28))
    assert guess(np.flip(volume), volume, ("z", "y", "x")) == "axes z, y and x are flipped"


def test_channels_in_reverse_order_are_found(image: Array) -> None:
    assert guess(image[:, ::-1], image) == "axis channel is flipped"
