"""Guesses at the kind of a difference: what is planted is found, what is not there is not claimed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array
from harness.execute.judge.difference import guess_cause, guess_kind
from tests.execute.judge.planted import AXES, FEW, NUMBERS, SHAPE, guess, seeds, textured

NOT_A_CAUSE = ("shifted", "flipped", "swapped", "differs by")


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


@FEW
@given(seeds, st.floats(0.01, 10))
def test_noise_is_found(seed: int, size: float) -> None:
    expected = textured(seed)
    noise = np.random.default_rng(seed ^ 1).normal(0, size, SHAPE)
    assert guess(expected + noise, expected) == "noise everywhere"


def test_noise_on_few_elements_is_not_told_from_chance(image: Array) -> None:
    few = image[:1, :1, :10, :10]
    assert guess(few + NUMBERS.normal(0, 1, few.shape), few) == ""


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
