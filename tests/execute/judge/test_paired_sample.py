"""Large arrays, of which only a sample is looked at."""

from __future__ import annotations

import time

import numpy as np
import pytest

from harness.execute.judge import paired_sample
from harness.execute.judge.chunks import Array
from tests.execute.judge.planted import NUMBERS, TOLERANCE, bordered, guess, textured


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
