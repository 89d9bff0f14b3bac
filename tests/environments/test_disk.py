"""What the disk gets back is what no other name holds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from harness.environments import disk
from tests.zoo.faults import small_disk

SIZE = 64 * 1024


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two environments and the cache of uv: a file of the first, one of both, one of all three."""
    one, two, cache = (tmp_path / name for name in ("one", "two", "cache"))
    for folder in (one / "lib", two / "lib", cache):
        folder.mkdir(parents=True)
    (one / "own").write_bytes(b"1" * SIZE)
    (one / "lib" / "both").write_bytes(b"2" * SIZE)
    (one / "lib" / "again").hardlink_to(one / "lib" / "both")
    (two / "lib" / "both").hardlink_to(one / "lib" / "both")
    (cache / "all").write_bytes(b"3" * SIZE)
    for folder in (one, two):
        (folder / "lib" / "all").hardlink_to(cache / "all")
    return one, two


def test_shared_files_are_freed_with_their_last_name(folders: tuple[Path, Path]) -> None:
    one, two = map(disk.files_below, folders)
    assert disk.Together([one]).freed == SIZE
    assert disk.Together([two]).freed == 0
    both = disk.Together([one, two])
    assert both.freed == 2 * SIZE
    assert both.taken == 3 * SIZE
    both.remove(one)
    assert both.taken == 2 * SIZE
    both.remove(two)
    assert (both.taken, both.freed) == (0, 0)


def test_it_is_what_the_disk_really_gets_back(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    with small_disk(tmp_path / "small", kilobytes=8192):
        here, there = tmp_path / "small" / "here", tmp_path / "small" / "there"
        here.mkdir()
        there.mkdir()
        for number in range(20):
            (here / str(number)).write_bytes(os.urandom(1 + number * 5000))
        (here / "sparse").touch()
        os.truncate(here / "sparse", 50 * 1024**2)
        for number in range(0, 20, 2):
            (there / str(number)).hardlink_to(here / str(number))
            (here / f"again {number}").hardlink_to(here / str(number))
        told = disk.Together([disk.files_below(here)])
        before = _free(here.parent)
        shutil.rmtree(here)
        assert _free(here.parent) - before == told.freed
        assert told.taken > told.freed > 0


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bfree * found.f_frsize


def test_what_went_meanwhile_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").write_bytes(b"1" * SIZE)
    walk = os.walk

    def walked(folder: Path) -> list[tuple[str, list[str], list[str]]]:
        return [(parent, below, [*names, "gone"]) for parent, below, names in walk(folder)]

    monkeypatch.setattr(os, "walk", walked)
    assert disk.Together([disk.files_below(tmp_path)]).taken == SIZE
    shutil.rmtree(tmp_path)
    assert disk.files_below(tmp_path) == {}
