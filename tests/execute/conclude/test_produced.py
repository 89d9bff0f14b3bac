"""Arrays that a worker says it has produced: the worker is not believed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.collection.tensors import Array
from harness.execute.conclude.evidence import ProducedOutput, ResultEvent
from harness.execute.conclude.produced import arrays_of
from harness.execute.conclude.tasks import Task


def opened(folder: Path, *files: Path | str) -> list[Array] | str:
    """What is made of outputs with these names; ``folder`` is that of their task."""
    task = Task(name="t", inputs=(), outputs=str(folder), padding=False)
    outputs = tuple(ProducedOutput(name=f"out-{n}", file=str(file)) for n, file in enumerate(files))
    return arrays_of(ResultEvent(task="t", seconds=0.0, outputs=outputs, peak_memory_bytes=0), task)


@given(st.lists(hnp.arrays(hnp.integer_dtypes() | hnp.floating_dtypes(), hnp.array_shapes()), max_size=3))
def test_arrays_come_back_bit_by_bit_in_their_order(arrays: list[Array]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, array in enumerate(arrays):
            np.save(folder / f"{number}.npy", array)
        read = opened(folder, *(folder / f"{number}.npy" for number in range(len(arrays))))
        assert isinstance(read, list)
        assert [(a.dtype, a.shape, a.tobytes()) for a in read] == [
            (a.dtype, a.shape, a.tobytes()) for a in arrays
        ]
        del read  # a mapped file cannot be removed everywhere


def test_a_place_outside_of_the_task(tmp_path: Path) -> None:
    folder = tmp_path / "task"
    (folder / "deeper").mkdir(parents=True)
    for place in (tmp_path, folder / "deeper"):
        np.save(place / "a.npy", np.ones(3))
    (folder / "link.npy").symlink_to(tmp_path / "a.npy")
    for path in (tmp_path / "a.npy", folder / "deeper" / "a.npy", "deeper/a.npy", "../a.npy"):
        assert opened(folder, path) == f"output out-0: {Path(path).name} is not in the folder of its task"
    assert opened(folder, folder / "link.npy") == "output out-0: link.npy is not in the folder of its task"


def test_a_link_within_the_folder_is_not_followed_either(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "link.npy").symlink_to(tmp_path / "a.npy")
    assert (
        opened(tmp_path, tmp_path / "link.npy") == "output out-0: link.npy is not in the folder of its task"
    )


def test_a_folder_that_became_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "task").mkdir(parents=True)
    np.save(tmp_path / "elsewhere" / "task" / "a.npy", np.ones(3))
    (tmp_path / "outputs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "task").symlink_to(tmp_path / "elsewhere" / "task")
    for folder in ("outputs/task", "task"):
        assert opened(tmp_path / folder, "a.npy") == "output out-0: a.npy is not in the folder of its task"


@pytest.mark.parametrize("data", [b"", b"text", b"\x93NUMPY\x01\x00"])
def test_what_is_no_array(data: bytes, tmp_path: Path) -> None:
    np.save(tmp_path / "first.npy", np.ones(3))
    (tmp_path / "a.npy").write_bytes(data)
    problem = opened(tmp_path, tmp_path / "first.npy", tmp_path / "a.npy")
    assert isinstance(problem, str)
    assert problem.startswith("output out-1: a.npy is no readable array (")


HUGE = b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}\n"


@pytest.mark.parametrize("header", [HUGE, b"(" * 3000, b"\0"])
def test_a_header_that_breaks_numpy(header: bytes, tmp_path: Path) -> None:
    length = len(header).to_bytes(2, "little")
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + length + header)
    problem = opened(tmp_path, tmp_path / "a.npy")
    assert isinstance(problem, str)
    assert problem.startswith("output out-0: a.npy is no readable array (")


def test_what_is_no_file_of_one_array(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")  # to open it would wait for ever
    assert opened(tmp_path, tmp_path / "pipe.npy") == (
        "output out-0: pipe.npy is no readable array (no regular file)"
    )
    np.savez(tmp_path / "a.npz", np.ones(3))
    assert opened(tmp_path, tmp_path / "a.npz") == (
        "output out-0: a.npz is no readable array (an archive of several)"
    )
    assert opened(tmp_path, f"{tmp_path}/a\0b") == "output out-0: a\0b is not in the folder of its task"


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object))
    problem = opened(tmp_path, tmp_path / "a.npy")
    assert isinstance(problem, str)
    assert "Python objects" in problem


def test_an_array_that_is_cut_short(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(3))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-1])
    assert isinstance(opened(tmp_path, tmp_path / "a.npy"), str)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert isinstance(opened(tmp_path, tmp_path / "a.npy"), str)
    (tmp_path / "a.npy").mkdir()
    assert isinstance(opened(tmp_path, tmp_path / "a.npy"), str)
