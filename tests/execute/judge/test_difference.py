"""Guesses at the kind of a difference: what is planted is found, what is not there is not claimed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.collection.tolerance import Tolerance
from harness.execute.judge import paired_sample
from harness.execute.judge.chunks import Array
from harness.execute.judge.difference import guess_cause, guess_kind

TOLERANCE = Tolerance()
AXES = ("batch", "channel", "y", "x")
SHAPE = (2, 3, 40, 48)
FEW = settings(max_examples=30)  # each one tries every cause on thousands of elements
NOT_A_CAUSE = ("shifted", "flipped", "swapped", "differs by")
NUMBERS = np.random.default_rng(0)


def guess(produced: Array, expected: Array, axes: tuple[str, ...] = AXES) -> str:
    return guess_kind(produced, expected, axes=axes, tolerance=TOLERANCE)


def textured(seed: int, shape: tuple[int, ...] = SHAPE, *, smooth: int = 2) -> Array:
    """Values from 0 to 1 with the structure of an image: neighbours are alike."""
    array = np.random.default_rng(seed).random(shape)
    for axis in (axis for axis, size in enumerate(shape) if size > 4):
        for _ in range(smooth):
            array = (np.roll(array, 1, axis) + array + np.roll(array, -1, axis)) / 3
    scaled: Array = (array - array.min()) / (np.ptp(array) or 1.0)
    return scaled


@pytest.fixture(scope="module")
def image() -> Array:
    return textured(0)


seeds = st.integers(0, 2**32 - 1)


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


def test_axes_of_format_0_4_are_letters(image: Array) -> None:
    assert guess(image[..., ::-1], image, ("b", "c", "y", "x")) == "axis x is flipped"
    produced = image.copy()
    produced[1] *= 2
    kind = "only in batch item 1 of 2 (counted from 0): differs by a scale factor of 2"
    assert guess(produced, image, ("b", "c", "y", "x")) == kind


def test_without_a_name_for_each_axis_they_are_numbered(image: Array) -> None:
    assert guess(image[..., ::-1], image, ()) == "axis 3 is flipped"
    produced = image.copy()
    produced[:, 2] = 0
    kind = "only in index 2 of 3 along axis 1 (counted from 0): every produced value is 0"
    assert guess(produced, image, ("y",)) == kind


def bordered(expected: Array, width: int, axes: tuple[int, ...], seed: int = 1) -> Array:
    """With other values within ``width`` of the border along some axes."""
    near = np.zeros(expected.shape, bool)
    for axis in axes:
        at = np.arange(expected.shape[axis])
        shape = [-1 if i == axis else 1 for i in range(expected.ndim)]
        near |= (np.minimum(at, at[::-1]) < width).reshape(shape)
    return np.where(near, textured(seed, expected.shape), expected)


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


@FEW
@given(seeds, st.floats(0.01, 10))
def test_noise_is_found(seed: int, size: float) -> None:
    expected = textured(seed)
    noise = np.random.default_rng(seed ^ 1).normal(0, size, SHAPE)
    assert guess(expected + noise, expected) == "noise everywhere"


def test_noise_on_few_elements_is_not_told_from_chance(image: Array) -> None:
    few = image[:1, :1, :10, :10]
    assert guess(few + NUMBERS.normal(0, 1, few.shape), few) == ""


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


def test_constant_output_is_told(image: Array) -> None:
    assert guess(np.full(SHAPE, 0.5), image) == "every produced value is 0.5"
    assert guess(np.full(SHAPE, -np.inf), image) == "every produced value is -inf"
    nearly = 0.5 + NUMBERS.uniform(-1e-4, 1e-4, SHAPE)
    assert guess(nearly, image) == "every produced value is nearly 0.5"
    assert guess(nearly, nearly + 1) == "differs by an offset of -1"


def by_chance(kind: str, numbers: np.random.Generator, shape: tuple[int, ...]) -> Array:
    if kind == "uniform":
        return numbers.random(shape)
    if kind == "normal":
        return numbers.normal(size=shape)
    if kind == "bits":
        return numbers.integers(0, 2, shape)
    if kind == "counts":
        return numbers.poisson(3, shape)
    return textured(int(numbers.integers(2**32)), shape)


@given(st.data())
def test_nothing_is_claimed_of_arrays_that_differ_by_chance(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=4, max_dims=4, max_side=12))
    numbers = np.random.default_rng(data.draw(seeds))
    kind = data.draw(st.sampled_from(["uniform", "normal", "bits", "counts", "smooth"]))
    produced, expected = (by_chance(kind, numbers, shape) for _ in "pe")
    found = guess(produced, expected)
    assert not any(words in found for words in NOT_A_CAUSE)
    assert "border" not in found


@given(st.data())
def test_nothing_is_claimed_of_few_differences_at_random_places(data: st.DataObject) -> None:
    numbers = np.random.default_rng(data.draw(seeds))
    expected = textured(data.draw(seeds))
    produced = expected.copy()
    places = numbers.choice(produced.size, data.draw(st.integers(1, 100)), replace=False)
    produced.reshape(-1)[places] += 1
    assert guess(produced, expected) == ""


numeric = st.sampled_from(
    ["bool", "uint8", "int8", "uint16", "int64", "uint64", "float16", "float32", "float64"]
)


@given(st.data())
def test_no_numbers_make_it_fail(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6))
    produced, expected = (data.draw(hnp.arrays(data.draw(numeric), shape)) for _ in "pe")
    axes = data.draw(st.permutations(["batch", "channel", "z", "y", "x"]))[: len(shape)]
    tolerance = Tolerance(atol=data.draw(st.floats(0, 1e9)), rtol=data.draw(st.floats(0, 1)))
    assert isinstance(guess_kind(produced, expected, axes=axes, tolerance=tolerance), str)
    assert guess_cause(produced, produced, axes=axes) == ""


@pytest.mark.parametrize("dtype", ["complex64", "U3", "datetime64[s]"])
def test_of_what_is_no_real_number_nothing_is_guessed(dtype: str) -> None:
    assert guess(np.zeros(SHAPE, dtype), np.ones(SHAPE)) == ""
    assert guess(np.ones(SHAPE), np.zeros(SHAPE, dtype)) == ""


def test_other_shapes_and_equal_arrays_have_no_kind(image: Array) -> None:
    assert guess(image[:1], image) == ""
    assert guess(image, image) == ""
    assert guess(image + 1e-4, image) == ""


def test_nan_at_the_same_places_is_no_difference(image: Array) -> None:
    expected = image.copy()
    expected[0, 0, 5:9] = np.nan
    expected[1, 1, 5:9] = np.inf
    assert guess(expected, expected) == ""
    assert guess(expected * 2, expected) == "differs by a scale factor of 2"
    assert guess(expected[..., ::-1], expected) == "axis x is flipped"


def test_without_a_finite_element_on_both_sides_nothing_is_guessed() -> None:
    expected = np.where(np.indices(SHAPE).sum(axis=0) % 2, np.nan, 1.0)
    assert guess(np.where(np.isnan(expected), 2.0, np.nan), expected) == ""


def test_nan_among_noise_hides_the_noise(image: Array) -> None:
    produced = image + NUMBERS.normal(0, 0.1, SHAPE)
    produced[0, 0, 20, 20] = np.nan
    assert guess(produced, image) == ""


def test_a_cause_needs_no_tolerance_and_says_nothing_of_places() -> None:
    expected = (textured(0) * 9).astype("int32")
    assert guess_cause(expected[..., ::-1], expected, axes=AXES) == "axis x is flipped"
    assert guess_cause(np.roll(expected, 2, 3), expected, axes=AXES) == "shifted by 2 pixels along x"
    produced = expected.copy()
    produced[:, 1] = 0
    assert guess_cause(produced, expected, axes=AXES) == ""


class TestLargeArrays:
    """Of which only a sample is looked at."""

    @pytest.fixture(autouse=True)
    def small_sample(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paired_sample, "LIMIT", 2000)

    @pytest.fixture
    def large(self) -> Array:
        return textured(0, (1, 2, 101, 101))

    def test_causes_are_found(self, large: Array) -> None:
        assert guess(large * 3, large) == "differs by a scale factor of 3"
        assert guess(large[:, :, ::-1], large) == "axis y is flipped"
        assert guess(large.swapaxes(2, 3), large) == "axes y and x are swapped"
        assert guess(np.roll(large, (1, 2), (2, 3)), large) == "shifted by (1, 2) pixels along y, x"

    def test_a_border_is_found_exactly_near_it_and_is_never_understated_beyond(self, large: Array) -> None:
        words = "only within {} pixels of the border along y, x"
        assert guess(bordered(large, 3, (2, 3)), large) == words.format(3)
        told = guess(bordered(large, 11, (2, 3)), large)
        assert told.startswith(words.partition("{}")[0])
        assert 11 <= int(told.split()[2]) <= 15

    def test_a_block_is_never_understated(self, large: Array) -> None:
        produced = large.copy()
        produced[..., 30:60, 41:70] += 1
        told = guess(produced, large).split()
        assert int(told[3]) <= 30
        assert 59 <= int(told[5].strip(",")) <= 65

    def test_the_channels_of_a_part_are_told_only_if_all_were_looked_at(self) -> None:
        expected = textured(0, (3000, 2))
        produced = expected.copy()
        produced[1000:1200] = 0
        assert guess(produced, expected, ("channel", "x")) == ""


def test_few_differences_in_a_part_may_escape_its_own_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample of a part is another one than that of the whole array."""
    monkeypatch.setattr(paired_sample, "LIMIT", 2000)
    expected = np.zeros((2, 120, 120))
    everywhere = paired_sample.spread(expected, expected, axes=("channel", "y", "x"), tolerance=TOLERANCE)
    part = paired_sample.spread(expected[:1], expected[:1], axes=("channel", "y", "x"), tolerance=TOLERANCE)
    only = np.setdiff1d(everywhere.positions[1], part.positions[1])
    produced = expected.copy()
    produced[0, only] = NUMBERS.random((len(only), 120))
    assert guess(produced, expected, ("channel", "y", "x")) == "only in channel 0 of 2 (counted from 0)"


def test_a_large_array_is_looked_at_quickly() -> None:
    shape = (1, 1, 110, 110, 110)
    produced, expected = NUMBERS.random(shape, dtype="f4"), NUMBERS.random(shape, dtype="f4")
    clock = time.perf_counter()
    assert guess(produced, expected, ("batch", "channel", "z", "y", "x")) == ""
    assert time.perf_counter() - clock < 20  # about one second; every cause is tried


@pytest.mark.parametrize("model", ["nuclei-unet2d", "membrane-keras2d", "nuclei-unet3d", "spots-heatmap2d"])
def test_planted_differences_of_real_outputs_are_found(model: str, collection: Path) -> None:
    names = {"nuclei-unet2d": "probability", "membrane-keras2d": "membrane", "nuclei-unet3d": "probability"}
    expected = np.load(collection / model / f"test_{names.get(model, 'heatmap')}.npy")
    axes = {5: ("batch", "channel", "z", "y", "x")}.get(
        expected.ndim, AXES if model == "nuclei-unet2d" else ("batch", "y", "x", "channel")
    )
    y, x = axes.index("y"), axes.index("x")
    assert guess(np.flip(expected, x), expected, axes) == "axis x is flipped"
    assert guess(np.roll(expected, (2, -1), (y, x)), expected, axes) == "shifted by (2, -1) pixels along y, x"
    assert guess(expected * np.float32(255), expected, axes) == "differs by a scale factor of 255"
    assert guess(np.swapaxes(expected, y, x), expected, axes) == "axes y and x are swapped"
    assert guess(np.sqrt(expected), expected, axes) == ""


@FEW
@given(seeds)
def test_what_is_told_of_a_shifted_array_holds_when_it_is_undone(seed: int) -> None:
    """The sign: a positive shift moves the produced array down and to the right."""
    expected = textured(seed, (1, 1, 32, 32))
    produced = textured(seed ^ 1, (1, 1, 32, 32))
    produced[..., 3:, 2:] = expected[..., :-3, :-2]
    assert guess(produced, expected) == "shifted by (3, 2) pixels along y, x"
