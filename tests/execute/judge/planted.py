"""Arrays with the structure of images, and what is guessed of the difference of two."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from harness.collection.tolerance import Tolerance
from harness.execute.judge.chunks import Array
from harness.execute.judge.difference import guess_kind

TOLERANCE = Tolerance()
AXES = ("batch", "channel", "y", "x")
SHAPE = (2, 3, 40, 48)
FEW = settings(max_examples=30)  # each one tries every cause on thousands of elements
NUMBERS = np.random.default_rng(0)
seeds = st.integers(0, 2**32 - 1)


def guess(produced: Array, expected: Array, axes: tuple[str, ...] = AXES) -> str:
    """What is said of two arrays."""
    return guess_kind(produced, expected, axes=axes, tolerance=TOLERANCE)


def textured(seed: int, shape: tuple[int, ...] = SHAPE, *, smooth: int = 2) -> Array:
    """Values from 0 to 1 with the structure of an image: neighbours are alike."""
    array = np.random.default_rng(seed).random(shape)
    for axis in (axis for axis, size in enumerate(shape) if size > 4):
        for _ in range(smooth):
            array = (np.roll(array, 1, axis) + array + np.roll(array, -1, axis)) / 3
    scaled: Array = (array - array.min()) / (np.ptp(array) or 1.0)
    return scaled


def bordered(expected: Array, width: int, axes: tuple[int, ...], seed: int = 1) -> Array:
    """With other values within ``width`` of the border along some axes."""
    near = np.zeros(expected.shape, bool)
    for axis in axes:
        at = np.arange(expected.shape[axis])
        shape = [-1 if i == axis else 1 for i in range(expected.ndim)]
        near |= (np.minimum(at, at[::-1]) < width).reshape(shape)
    return np.where(near, textured(seed, expected.shape), expected)
