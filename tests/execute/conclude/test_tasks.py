"""Inputs of other sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.execute.conclude.tasks import AS_CALLED, _write, prepare_tasks, resize
from tests.execute.conclude.replies import setting


def test_cropping_keeps_the_centre_and_padding_mirrors() -> None:
    array = np.arange(6).reshape(1, 6)
    assert resize(array, (1, 4)).tolist() == [[1, 2, 3, 4]]
    assert resize(array, (1, 8)).tolist() == [[0, 0, 1, 2, 3, 4, 5, 5]]
    assert resize(array, (2, 6)).tolist() == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 40)), min_size=1, max_size=4).map(
        lambda pairs: tuple(zip(*pairs, strict=True))
    )
)
def test_any_shape_can_be_had(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    have, want = shapes
    array = np.random.default_rng(0).normal(size=have)
    resized = resize(array, want)
    assert resized.shape == want
    assert set(np.unique(resized)) <= set(np.unique(array))


def test_the_default_call_is_asked_of_tools_that_have_another_one(tmp_path: Path) -> None:
    model = setting(tmp_path / "setting").question.model
    both = [task.name for task in prepare_tasks(model, tmp_path / "both")]
    one = [task.name for task in prepare_tasks(model, tmp_path / "one", as_called=False)]
    assert both == [*one, AS_CALLED]


@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">u2", "u1"])
def test_every_tool_gets_files_that_every_reader_reads(tmp_path: Path, dtype: str) -> None:
    """A transposed array is saved in Fortran order, and one of another machine with its byte order."""
    array = np.arange(6, dtype=dtype).reshape(2, 3).T
    (path,) = _write([array], tmp_path / "inputs")
    header = Path(path).read_bytes()[:128]
    assert b"'fortran_order': False" in header
    assert b"'>" not in header
    assert (np.load(path) == array).all()
