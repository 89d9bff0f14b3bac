"""Test tensors: which are read, and which are refused with what words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.collection import file_digests, tensors
from harness.collection.cache import file_sha256
from harness.verdict import Reason
from tests.collection.packages import fault, good, write_model


def _npy(array: Any) -> Any:
    return lambda path: np.save(path, array, allow_pickle=True)


def _lying(path: Path) -> None:
    np.save(path, np.ones((1, 8), "float32"))
    path.write_bytes(path.read_bytes().replace(b"(1, 8)", b"(9, 8)"))


def _savez(path: Path) -> None:
    with path.open("wb") as stream:
        np.savez(stream, np.ones(3))


def _truncate(path: Path, missing: int) -> None:
    np.save(path, np.ones((1, 8), "float32"))
    path.write_bytes(path.read_bytes()[:-missing])


def _header(path: Path, shape: str) -> None:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


def _sparse(path: Path) -> None:
    _header(path, f"(1, {2**31})")
    with path.open("r+b") as stream:
        stream.truncate(2**33 + 200)


TENSORS = {
    "objects": (_npy(np.array([[{}]])), "holds Python objects"),
    "npz": (_savez, ".npz archive"),
    "text": (lambda p: p.write_bytes(b"not numpy"), "is no readable .npy"),
    "empty-file": (lambda p: p.write_bytes(b""), "is no readable .npy"),
    "truncated": (lambda p: _truncate(p, 3), "is cut short"),
    "truncated-header": (lambda p: _truncate(p, 80), "is no readable .npy"),
    "lying": (_lying, "is cut short: its header tells of 288 bytes, 32 are there"),
    "complex": (_npy(np.ones((1, 8), "complex64")), "has data type complex64"),
    "structured": (_npy(np.ones((1, 8), [("a", "f4")])), "has data type"),
    "text-array": (_npy(np.array([["a"]])), "has data type <U1"),
    "scalar": (_npy(np.float32(1)), "has 0 dimensions (), the 2 axes are batch, x"),
    "rank": (_npy(np.ones(8, "float32")), "has 1 dimensions (8,)"),
    "no-element": (_npy(np.ones((0, 8), "float32")), "no element"),
    "too-large": (_sparse, "bytes; at most 4,294,967,296 are tested"),
    "overflow": (lambda p: _header(p, "(9223372036854775807, 9223372036854775807)"), "at most"),
    "negative": (lambda p: _header(p, "(-1, 8)"), ""),
    "nested-header": (lambda p: _header(p, "(" * 3000), "is no readable .npy"),
    "pickle": (lambda p: p.write_bytes(b"\x80\x04N."), "is no readable .npy"),
}


@pytest.mark.parametrize("name", TENSORS)
def test_test_tensors_that_are_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, words = TENSORS[name]
    folder = write_model(tmp_path / "m")
    write(folder / "in.npy")
    # Hashing the sparse 8 GiB would take long; its content does not matter here.
    monkeypatch.setattr(
        file_digests, "file_sha256", lambda path: "0" * 64 if path.name == "in.npy" else file_sha256(path)
    )
    unreadable = fault(folder)
    assert unreadable.reason is Reason.TEST_TENSOR_INVALID
    assert unreadable.message.startswith("field inputs[0].test_tensor: 'in.npy' ")
    assert words in unreadable.message


def test_the_limit_of_a_tensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "m")
    monkeypatch.setattr(tensors, "MAX_BYTES", 31)
    assert "is 32 bytes; at most 31 are tested" in fault(folder).message
    monkeypatch.setattr(tensors, "MAX_BYTES", 32)
    good(folder)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_any_layout_of_numbers_is_read(order: Any, dtype: str, tmp_path: Path) -> None:
    array = np.asarray(np.arange(16).reshape(2, 8), dtype=dtype, order=order)
    folder = write_model(tmp_path / "m")
    np.save(folder / "in.npy", array)
    whole = good(folder)
    opened = whole.test_tensor(whole.description.inputs[0])
    np.testing.assert_array_equal(opened, array)
    assert not opened.flags.writeable
