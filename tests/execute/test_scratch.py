"""Scratch folders and what killed harnesses left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.execute.scratch import scratch_folder, sweep


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_it_is_gone_afterwards(temporary_folder: Path) -> None:
    with scratch_folder() as folder:
        (folder / "file").write_text("x")
        assert list(temporary_folder.iterdir()) == [folder]
    assert list(temporary_folder.iterdir()) == []


def test_only_what_a_dead_harness_left_is_swept(temporary_folder: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, young, running, other = (
        temporary_folder / name
        for name in (
            f"bioimage-harness-{dead.pid}-left",
            f"bioimage-harness-{dead.pid}-young",
            f"bioimage-harness-{os.getpid()}-mine",
            "bioimage-harness-notes",
        )
    )
    for folder in (left, young, running, other):
        folder.mkdir()
        if folder is not young:
            os.utime(folder, (0, 0))
    sweep()
    assert set(temporary_folder.iterdir()) == {young, running, other}
