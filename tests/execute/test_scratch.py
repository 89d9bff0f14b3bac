"""Scratch folders and what killed harnesses left."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.execute.scratch import KINDS, scratch_folder, sweep
from tests.conftest import ROOT


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


def test_other_temporary_folders_are_swept_after_a_day(temporary_folder: Path) -> None:
    old, young, other, linked, file = (
        temporary_folder / name
        for name in (
            "harness-health-abcd_123",
            "harness-docker-abcd_123",
            "harness-results-20260101",
            "harness-conda-abcd_123",
            "harness-lock-abcd_123",
        )
    )
    for folder in (old, young, other):
        folder.mkdir()
    (old / "file").write_text("x")
    linked.symlink_to(other)
    file.write_text("mine")
    for path, age in ((old, 86_460), (young, 86_340), (other, 86_460), (file, 86_460)):
        os.utime(path, (time.time() - age,) * 2)
    sweep()
    assert set(temporary_folder.iterdir()) == {young, other, linked, file}


def test_the_kinds_are_those_that_the_harness_makes() -> None:
    made = {
        kind
        for path in (ROOT / "harness").rglob("*.py")
        for kind in re.findall(r'prefix="harness-(.*?)-?"', path.read_text("utf-8"))
    }
    assert made == set(KINDS)
