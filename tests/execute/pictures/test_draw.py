"""Pictures of differences: what must be seen in them, and that nothing keeps them from being drawn."""

from __future__ import annotations

import io
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from harness.execute.judge import partition
from harness.execute.judge.chunks import Array
from harness.execute.pictures.draw import MOST_BYTES, difference_picture
from harness.execute.pictures.panels import difference_panel, object_panels, value_panels
from harness.execute.pictures.planes import Plane, view_of
from harness.execute.pictures.raster import ODD, SIDE

AXES = ("batch", "channel", "y", "x")
BLUE, RED, WHITE = (5, 80, 170), (190, 15, 35), (247, 247, 247)
COLUMN = SIDE + 16
TOP = 12 + 24 + 17  # margin, title, caption


def drawn(produced: Array, expected: Array, axes: tuple[str, ...] = AXES, **options: Any) -> Array:
    """The picture as RGB."""
    data = difference_picture(produced, expected, axes=axes, **options)
    assert len(data) < MOST_BYTES
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def panel(picture: Array, column: int, size: int = SIDE) -> Array:
    """One panel of the first row."""
    left = 12 + column * COLUMN
    return picture[TOP : TOP + size, left : left + size]


def colours(pixels: Array) -> Counter[tuple[int, ...]]:
    return Counter(map(tuple, pixels.reshape(-1, 3).tolist()))


@pytest.fixture
def image() -> Array:
    return np.random.default_rng(0).random((1, 1, 64, 64))


def test_produced_expected_and_difference_are_beside_each_other(image: Array) -> None:
    expected = image * 0
    expected[..., :32] = 1
    produced = expected.copy()
    produced[..., :16, :] += 0.5
    produced[..., 48:, 32:] -= 1
    picture = drawn(produced, expected)
    assert colours(panel(picture, 1)) == {(255,) * 3: SIDE**2 // 2, (0,) * 3: SIDE**2 // 2}
    # On the scale of the expected values.
    assert colours(panel(picture, 0)[:64]) == {(255,) * 3: 64 * 128, (128,) * 3: 64 * 128}
    difference = panel(picture, 2)
    assert colours(difference[:64]) == {(218, 131, 141): 64 * 256}
    assert colours(difference[64:192]) == {WHITE: 128 * 256}
    assert colours(difference[192:, 128:]) == {BLUE: 64 * 128}


def test_a_channel_is_a_row() -> None:
    for channels, rows in ((1, 1), (3, 3), (4, 4), (9, 4)):
        expected = np.random.default_rng(0).random((1, channels, 128, 128))
        height = len(drawn(expected + 1, expected))
        row = 17 + SIDE + 16 + 8 + 17
        assert height == 24 + 24 + rows * row + (17 if channels > 4 else 0)


def test_nan_is_marked(image: Array) -> None:
    produced = image.copy()
    produced[..., :8, :] = np.nan
    produced[..., 8:16, :] = -np.inf
    picture = drawn(produced, image)
    for column in (0, 2):
        assert colours(panel(picture, column)[:64])[ODD] == 64 * SIDE
        assert colours(panel(picture, column)[64:])[ODD] == 0
    assert colours(panel(picture, 1))[ODD] == 0
    assert colours(drawn(image, image))[ODD] == 0


def test_a_lone_difference_in_a_large_image_is_seen() -> None:
    expected = np.random.default_rng(0).random((1, 1, 1500, 1500))
    produced = expected.copy()
    produced[0, 0, 777, 333] += 0.5
    produced[0, 0, 778, 700] -= 0.5
    found = colours(panel(drawn(produced, expected), 2))
    assert (found[RED], found[BLUE], found[WHITE]) == (1, 1, SIDE**2 - 2)


def test_lone_nan_in_a_large_image_is_seen() -> None:
    expected = np.zeros((1, 1, 1500, 1500))
    produced = expected.copy()
    produced[0, 0, 777, 333] = np.nan
    assert colours(panel(drawn(produced, expected), 0))[ODD] == 1


def test_a_flat_image_is_the_mean_of_what_it_was() -> None:
    board = (np.indices((512, 512)).sum(axis=0) % 2).reshape(1, 1, 512, 512)
    assert colours(panel(drawn(board, board), 1)) == {(128,) * 3: SIDE**2}


def test_tiny_images_are_enlarged_without_blur() -> None:
    picture = panel(drawn(np.eye(2), np.eye(2), ("y", "x")), 0, 64)
    assert colours(picture) == {(255,) * 3: 2 * 32 * 32, (0,) * 3: 2 * 32 * 32}


def test_narrow_images_are_wide_enough_to_see() -> None:
    view = drawn(np.ones((2, 1000)), np.arange(2000.0).reshape(2, 1000), ("y", "x"))
    assert len(view) == 24 + 24 + 17 + 24 + 16 + 8 + 17


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        (("b", "c", "z", "y", "x"), (1, 1, 3, 8, 16)),
        (("batch", "y", "x", "channel"), (1, 8, 16, 1)),
        (("x", "y"), (16, 8)),
        (("x", "batch", "y", "channel"), (16, 1, 8, 1)),
        ((), (3, 8, 16)),
        (("y",), (8, 16)),
    ],
)
def test_y_is_down_and_x_to_the_right(axes: tuple[str, ...], shape: tuple[int, ...]) -> None:
    (plane,) = view_of(shape, axes).planes(np.zeros(shape))
    assert plane.values.shape == (8, 16)


def test_what_is_no_plane_is_cut_at_its_centre_or_where_it_is_worst() -> None:
    axes, shape = ("batch", "time", "channel", "z", "y", "x"), (4, 1, 9, 5, 8, 16)
    numbers = np.arange(np.prod(shape)).reshape(shape)
    view = view_of(shape, axes)
    assert view.note == "batch 2 of 4, z 2 of 5, 4 of 9 channels"
    planes = list(view.planes(numbers))
    assert [plane.title for plane in planes] == ["channel 0", "channel 1", "channel 2", "channel 3"]
    assert (planes[1].values == numbers[2, 0, 1, 2]).all()
    view = view_of(shape, axes, at=(3, 0, 7, 4, 1, 1))
    assert view.note == "batch 3 of 4, z 4 of 5, 4 of 9 channels"
    planes = list(view.planes(numbers))
    assert [plane.title for plane in planes] == ["channel 0", "channel 1", "channel 2", "channel 7"]
    assert (planes[3].values == numbers[3, 0, 7, 4]).all()
    assert view_of(shape, axes, at=(3, 0, 1, 4, 1, 1)).channels == (0, 1, 2, 3)
    assert view_of((2, 3, 4), ("", "", "")).note == "axis 0 1 of 2"


def test_a_profile_is_drawn_as_bars_from_zero() -> None:
    expected = np.array([[1.0, -1.0, 0.5, 0.0]])
    picture = drawn(expected, expected, ("batch", "channel"))
    bars = picture[TOP : TOP + 96, 12 : 12 + 4 * 32].reshape(96, 4, 32, 3)
    filled = (bars[:, :, 16] == (70, 70, 70)).all(axis=-1).sum(axis=0)
    assert filled.tolist() == pytest.approx([48, 48, 24, 1], abs=1)
    assert (bars[:40, 0, 16] == 70).all()
    assert (bars[56:, 1, 16] == 70).all()


def test_the_difference_of_profiles_is_signed() -> None:
    expected = np.zeros((1, 2, 700))
    produced = expected.copy()
    produced[0, 0, :350], produced[0, 1, 350:], produced[0, 0, 600] = 1, -2, np.nan
    picture = drawn(produced, expected, ("b", "c", "x"))
    difference = picture[TOP : TOP + 96, 12 + 2 * COLUMN :][:, :SIDE]
    assert set(colours(difference[:, :120])) == {RED, WHITE}
    assert colours(difference)[ODD] == 96


def label_maps() -> tuple[Array, Array]:
    rows, columns = np.mgrid[:64, :64]
    expected = np.where((rows % 16 > 3) & (columns % 16 > 3), 1 + rows // 16 * 4 + columns // 16, 0)
    return expected[np.newaxis], expected[np.newaxis].copy()


def test_matched_objects_have_one_colour_whatever_their_number() -> None:
    produced, expected = label_maps()
    produced = np.where(produced > 0, 50 - produced, 0)
    picture = drawn(produced, expected, ("channel", "y", "x"), label_map=True)
    assert (panel(picture, 0) == panel(picture, 1)).all()
    assert len(colours(panel(picture, 0))) == 17
    assert colours(panel(picture, 2)) == {WHITE: SIDE**2}


def test_what_belongs_to_another_object_is_red() -> None:
    produced, expected = label_maps()
    produced[produced == 6] = 0
    produced[:, 60:][produced[:, 60:] == 15] = 99
    picture = drawn(produced, expected, ("channel", "y", "x"), label_map=True)
    wrong = (np.count_nonzero(expected == 6) + np.count_nonzero(produced == 99)) * 16
    assert colours(panel(picture, 2)) == {WHITE: SIDE**2 - wrong, RED: wrong}
    assert not (panel(picture, 0) == panel(picture, 1)).all()
    captions = [
        made.caption for made in object_panels(Plane("", produced[0]), Plane("", expected[0])) if made
    ]
    assert captions == ["16 objects", "16 objects", "4.69 % belong to another object"]


def test_channels_of_label_maps_are_named() -> None:
    produced, _ = label_maps()
    panels = object_panels(Plane("channel 2", produced[0]), Plane("channel 2", produced[0]))
    assert [made.caption for made in panels if made] == ["channel 2: 16 objects", "16 objects", "equal"]


def test_too_many_objects_are_drawn_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    produced, expected = label_maps()
    values = drawn(produced + 1, expected, ("channel", "y", "x"))
    monkeypatch.setattr(partition, "MOST_PAIRS", 10)
    assert (
        panel(drawn(produced + 1, expected, ("channel", "y", "x"), label_map=True), 0) == panel(values, 0)
    ).all()


def test_label_maps_of_another_type_are_drawn_as_numbers() -> None:
    produced, expected = label_maps()
    drawn(produced.astype("float32"), expected, ("channel", "y", "x"), label_map=True)
    drawn(produced[0, 0], expected[0, 0], ("x",), label_map=True)


def test_of_other_shapes_both_are_shown_without_difference(image: Array) -> None:
    picture = drawn(image[..., :32], image)
    assert picture.shape[1] == 24 + 2 * SIDE + 16
    assert drawn(image[0, 0, 0], image).shape[1] == picture.shape[1]
    assert drawn(np.concatenate([image, image], axis=1), image).shape[0] > picture.shape[0]
    assert drawn(image, np.concatenate([image, image], axis=1)).shape[0] > picture.shape[0]


def test_what_is_written_beside_the_panels() -> None:
    odd = np.array([[np.nan, 1.0]])

    def captions(p: Any, e: Any) -> list[str]:
        planes = [Plane("", np.asarray(values, np.float64)) for values in (p, e)]
        panels = [*value_panels(*planes), difference_panel(*planes)]
        return [made.caption for made in panels if made]

    assert captions([[1, 2]], [[1, 3]]) == ["1 to 2", "1 to 3", "-1 to 0"]
    assert captions([[2, 2]], [[2, 2]]) == ["2", "2", "equal"]
    assert captions(odd, odd) == ["1", "1", "equal"]
    assert captions(odd, [[1, 1]]) == ["1", "1", "equal where both are finite"]
    assert captions(odd * np.nan, [[0, 0]]) == ["no finite value", "0", "equal where both are finite"]
    assert captions([[5e-324, 0]], [[0, 0]])[-1] == "too small to draw"
    assert captions([[1e308, 0]], [[-1e308, 0]])[-1] == "0 to inf"
    big = [Plane("channel 3", np.array([[2**60 + by]])) for by in (1, 0)]
    assert difference_panel(*big).caption == "too small to draw"
    assert [made.caption for made in value_panels(big[0], None) if made] == ["channel 3: 1.15e+18"]


def test_nothing_to_draw_is_said() -> None:
    empty = np.zeros((0, 3))
    assert len(drawn(empty, empty, ("y", "x"))) == 24 + 24 + 17
    assert drawn(empty, np.zeros((2, 3)), ("y", "x")).shape[1] == 24 + 2 * SIDE + 16


def test_noise_stays_small() -> None:
    numbers = np.random.default_rng(0)
    produced, expected = numbers.random((4, 256, 256)), numbers.random((4, 256, 256))
    drawn(produced, expected, ("channel", "y", "x"))


def test_a_colour_for_every_pixel_stays_small() -> None:
    numbers = np.random.default_rng(0)
    expected = np.arange(1, 4 * 256**2 + 1).reshape(4, 256, 256)
    drawn(numbers.permutation(expected, axis=1), expected, ("channel", "y", "x"), label_map=True)


def test_large_arrays_are_not_read_whole(tmp_path: Path) -> None:
    shape = (1, 1, 1, 20_000, 30_000)
    array = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", "uint8", shape)
    tracemalloc.start()
    drawn(array, array, ("batch", "channel", "z", "y", "x"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < array.nbytes / 2


numeric = st.sampled_from(
    [
        "bool",
        "uint8",
        "int8",
        "uint16",
        "int64",
        "uint64",
        "float16",
        ">f4",
        "float64",
        "complex64",
        "longdouble",
    ]
)
names = st.sampled_from(["batch", "channel", "time", "z", "y", "x", "b", "c", "a\nb", "日本", ""])


@settings(max_examples=60)
@given(st.data())
def test_any_numbers_can_be_drawn(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6))
    other = data.draw(st.just(shape) | hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=6))
    produced, expected = (data.draw(hnp.arrays(data.draw(numeric), size)) for size in (shape, other))
    axes = data.draw(st.lists(names, max_size=6))
    at = [size - 1 for size in shape] if data.draw(st.booleans()) and 0 not in shape else []
    drawn(produced, expected, tuple(axes), label_map=data.draw(st.booleans()), at=at)


@pytest.mark.parametrize("size", [1, 2, 3, 23, 25, 255, 256, 257, 300, 511, 2049])
def test_any_size_can_be_drawn(size: int) -> None:
    for shape in ((size, size), (size, 1), (1, size), (size, 7), (2, size)):
        array = np.arange(np.prod(shape)).reshape(shape)
        drawn(array, array[::-1], ("y", "x"))
        drawn(array, array[::-1], ("y", "x"), label_map=True)


def test_real_outputs_are_drawn(collection: Path) -> None:
    for path in sorted(collection.glob("*/test_*.npy")):
        array = np.load(path)
        drawn(array[::-1, ..., ::-1], array, ("batch", "channel", "y", "x"))
