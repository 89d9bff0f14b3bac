"""What must be mounted for an interpreter to start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.execute.isolate.environment import environment_mounts
from tests.execute.isolate.users import run_as

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def python_in(folder: Path, target: Path) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(target)
    return python


def test_the_whole_chain_of_links_is_mounted_at_its_own_place(tmp_path: Path) -> None:
    real = tmp_path / "cpython-3.11.9" / "bin" / "python3.11"
    real.parent.mkdir(parents=True)
    real.touch()
    (tmp_path / "cpython-3.11").symlink_to("cpython-3.11.9")
    between = python_in(tmp_path / "between", tmp_path / "cpython-3.11" / "bin" / "python3.11")
    python = python_in(tmp_path / "prefix", Path("../../between/bin") / between.name)
    mounts = environment_mounts(python)
    targets = {Path(mount.target).resolve() for mount in mounts}
    assert targets == {(tmp_path / name).resolve() for name in ("prefix", "between", "cpython-3.11.9")}
    assert str(tmp_path / "cpython-3.11") in {os.path.normpath(mount.target) for mount in mounts}
    assert not any(mount.writable for mount in mounts)


def test_what_the_system_has_is_not_mounted_twice(tmp_path: Path) -> None:
    python = python_in(tmp_path / "prefix", Path("/usr/bin/env"))
    assert [mount.source for mount in environment_mounts(python)] == [tmp_path / "prefix"]


def test_a_closed_folder_on_the_way_is_named(tmp_path: Path) -> None:
    python = python_in(tmp_path / "prefix", tmp_path / "private" / "bin" / "python3")
    (tmp_path / "private").mkdir(mode=0)
    for folder in (tmp_path, *tmp_path.parents):
        if os.access(folder, os.W_OK) and folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o005)
    code = (
        "import pathlib, sys\n"
        "from harness.errors import IsolationError\n"
        "from harness.execute.isolate.environment import environment_mounts\n"
        "try: environment_mounts(pathlib.Path(sys.argv[1]))\n"
        "except IsolationError as error: print(error)"
    )
    done = run_as("ordinary", ["-c", code, str(python)])
    assert f"{tmp_path}/private is closed to this user; run `chmod a+x" in done.stdout, done.stderr
