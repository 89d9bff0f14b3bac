"""The size of folders is the room that they take, found without holding anything up."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.proc import folders
from harness.proc.folders import FolderSize

KIB = 1024


def test_files_in_all_folders_count_once_each(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "inner").mkdir(parents=True)
    two.mkdir()
    (one / "file").write_bytes(os.urandom(100 * KIB))
    (one / "inner" / "file").write_bytes(os.urandom(200 * KIB))
    (two / "other-name").hardlink_to(one / "file")
    (two / "link").symlink_to(one)
    size = FolderSize([one, two, one / "inner", tmp_path / "missing"])
    size.look()
    assert 300 * KIB <= size.bytes < 350 * KIB


def test_tiny_files_count_with_the_room_that_they_take(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).write_bytes(b"x")
    if (tmp_path / "0").stat().st_blocks == 0:
        pytest.skip("needs a file system that stores small files in blocks")
    size = FolderSize([tmp_path])
    size.look()
    assert size.bytes >= 100 * 512


def test_a_large_folder_is_looked_at_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_SLICE", 0.0)  # one file at a time
    for number in range(10):
        (tmp_path / str(number)).write_bytes(bytes(4 * KIB))
    size = FolderSize([tmp_path])
    sizes = []
    for _ in range(11):
        size.look()
        sizes.append(size.bytes)
    assert sizes == sorted(sizes)
    assert sizes[0] < 10 * 4 * KIB <= sizes[-1]


def test_a_folder_may_shrink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_PAUSE", 0.0)
    size = FolderSize([tmp_path])
    (tmp_path / "file").write_bytes(bytes(100 * KIB))
    size.look()
    assert size.bytes >= 100 * KIB
    (tmp_path / "file").unlink()
    size.look()
    assert size.bytes < 100 * KIB


def test_no_round_begins_before_it_is_time(tmp_path: Path) -> None:
    size = FolderSize([tmp_path])
    size.look()
    (tmp_path / "file").write_bytes(bytes(100 * KIB))
    size.look()
    assert size.bytes < 100 * KIB
    time.sleep(0.6)
    size.look()
    assert size.bytes >= 100 * KIB
