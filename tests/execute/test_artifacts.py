"""What is kept of an output that differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.errors import OutputError
from harness.execute.artifacts import keep_array, keep_difference, keep_picture
from harness.execute.judge.chunks import Array

AXES = ("channel", "y", "x")


def loaded(folder: Path, path: str) -> Array:
    array: Array = np.load(folder / path, allow_pickle=False)
    return array


def test_an_array_is_kept_as_it_is_under_its_digest(tmp_path: Path) -> None:
    array = np.asarray(np.arange(24, dtype=">i2").reshape(2, 3, 4), order="F")
    kept = keep_array(array, tmp_path, title="out: produced")
    assert (kept.kind, kept.title) == ("array", "out: produced")
    assert kept.path.startswith("arrays/")
    assert kept.path.endswith(".npy")
    assert (tmp_path / kept.path).stat().st_size == kept.bytes
    again = loaded(tmp_path, kept.path)
    assert again.dtype == array.dtype
    assert (again == array).all()
    assert keep_array(array, tmp_path, title="out: produced") == kept
    assert [path.name for path in tmp_path.rglob("*.*")] == [Path(kept.path).name]


def test_of_a_large_array_the_central_part_is_kept(tmp_path: Path) -> None:
    array = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", "float32", (2, 3, 4000, 3000))
    array[1, 2, 2000, 1500] = 7
    kept = keep_array(array, tmp_path, title="out: produced")
    assert kept.title == "out: produced (central part)"
    assert 15_000_000 < kept.bytes <= 16 * 1024**2
    part = loaded(tmp_path, kept.path)
    height, width = part.shape[2:]
    assert (part.shape[:2], height) == ((2, 3), width)
    assert part[1, 2, 2000 - (4000 - height) // 2, 1500 - (3000 - width) // 2] == 7


def test_what_holds_no_numbers_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="data type is <U2; plain numbers can be kept"):
        keep_array(np.array(["no"]), tmp_path, title="out")
    for odd in (np.array(["no"]), np.zeros(1, "V5"), np.array([None]), np.zeros(1, [("a", "f4")])):
        assert keep_difference("out", odd, np.zeros(1), axes=(), folder=tmp_path) == ()
        assert keep_difference("out", np.zeros(1), odd, axes=(), folder=tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_kept_under_its_digest(tmp_path: Path) -> None:
    kept = keep_picture(b"\x89PNG", tmp_path, title="out")
    assert (kept.kind, kept.title, kept.bytes) == ("picture", "out", 4)
    assert kept.path.startswith("pictures/")
    assert kept.path.endswith(".png")
    assert (tmp_path / kept.path).read_bytes() == b"\x89PNG"


def test_a_difference_is_a_picture_and_three_arrays(tmp_path: Path) -> None:
    expected = np.random.default_rng(0).random((1, 20, 30), dtype="float32")
    kept = keep_difference("out", expected * 2, expected, axes=AXES, folder=tmp_path)
    assert [(artifact.kind, artifact.title) for artifact in kept] == [
        ("picture", "out: produced and expected"),
        ("array", "out: produced"),
        ("array", "out: expected"),
        ("array", "out: produced minus expected"),
    ]
    difference = loaded(tmp_path, kept[3].path)
    assert difference.dtype == np.float32
    assert (difference == expected).all()


@pytest.mark.parametrize(
    ("first", "second", "minus"),
    [
        ("bool", "bool", "int16"),
        ("uint8", "uint8", "int16"),
        ("uint16", "uint8", "int32"),
        ("int32", "int32", "int64"),
        ("uint32", "int8", "float64"),
        ("int64", "int64", "float64"),
        ("uint64", "int64", "float64"),
        ("float16", "float16", "float32"),
        (">f4", "uint8", "float32"),
        ("float64", "float32", "float64"),
        ("complex64", "float32", "complex64"),
    ],
)
def test_a_difference_has_a_sign_and_does_not_wrap(
    first: str, second: str, minus: str, tmp_path: Path
) -> None:
    produced, expected = np.zeros((1, 2, 2), first), np.ones((1, 2, 2), second)
    kept = keep_difference("out", produced, expected, axes=AXES, folder=tmp_path)
    difference = loaded(tmp_path, kept[3].path)
    assert difference.dtype == minus
    assert (difference == -1).all()


def test_the_parts_of_large_arrays_and_of_their_difference_are_central(tmp_path: Path) -> None:
    expected = np.zeros((1, 3000, 3000), "float32")
    kept = keep_difference("out", expected + np.float32(1), expected, axes=AXES, folder=tmp_path)
    assert all(artifact.title.endswith("(central part)") for artifact in kept[1:])
    assert all(artifact.bytes <= 16 * 1024**2 for artifact in kept)
    assert (loaded(tmp_path, kept[3].path) == 1).all()


def test_of_other_shapes_and_of_label_maps_no_difference_is_kept(tmp_path: Path) -> None:
    expected = np.ones((1, 4, 4), "int32")
    kept = keep_difference("out", expected[:, :2], expected, axes=AXES, folder=tmp_path)
    assert [artifact.kind for artifact in kept] == ["picture", "array", "array"]
    kept = keep_difference("out", expected, expected, axes=AXES, folder=tmp_path, label_map=True)
    assert [artifact.kind for artifact in kept] == ["picture", "array", "array"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("in the way")
    with pytest.raises(OutputError, match="pictures"):
        keep_difference("out", np.zeros(1), np.ones(1), axes=(), folder=tmp_path)


@settings(max_examples=30)
@given(data=st.data())
def test_no_arrays_make_it_fail(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "kept"
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    dtypes = hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | hnp.array_dtypes()
    shape = data.draw(shapes)
    produced = data.draw(hnp.arrays(data.draw(dtypes), shape))
    expected = data.draw(hnp.arrays(data.draw(dtypes), data.draw(st.just(shape) | shapes)))
    for artifact in keep_difference("out", produced, expected, axes=AXES, folder=folder):
        assert (folder / artifact.path).stat().st_size == artifact.bytes
