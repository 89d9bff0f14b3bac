"""Whatever a worker leaves can be removed, and nothing else is touched."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from harness.execute.isolate.remove import remove
from tests.execute.isolate.users import run_as

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs what only Unix has")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "left"
    folder.mkdir()
    return folder


def test_deeper_than_python_can_recurse_or_a_path_can_be_long(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for _ in range(3000):
        Path("deep").mkdir()
        os.chdir("deep")
    Path("file").touch()
    os.chdir(folder)
    remove(folder)
    assert not folder.exists()


def test_no_link_is_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "kept").write_text("kept")
    (folder / "to-a-folder").symlink_to(outside)
    (folder / "to-a-file").symlink_to(outside / "kept")
    (folder / "to-itself").symlink_to(folder / "to-itself")
    os.link(outside / "kept", folder / "second-name")
    remove(folder)
    assert not folder.exists()
    assert (outside / "kept").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o755


def test_pipes_sockets_and_names_that_are_no_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # a socket's path must be short
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    (Path(os.fsdecode(bytes(folder) + b"/\xff\xfe"))).touch()
    remove(folder)
    assert not folder.exists()


def test_what_is_closed_to_its_owner() -> None:
    code = (
        "import os, pathlib\n"
        "from harness.execute.isolate.remove import remove\n"
        "folder = pathlib.Path.home() / 'left'\n"
        "(folder / 'a' / 'b').mkdir(parents=True)\n"
        "(folder / 'a' / 'b' / 'file').touch()\n"
        "for closed in ('a/b', 'a', '.'): (folder / closed).chmod(0)\n"
        "remove(folder)\n"
        "print(folder.exists())"
    )
    done = run_as("ordinary", ["-c", code])
    assert done.stdout == "False\n", done.stderr


def test_what_is_gone_already(tmp_path: Path) -> None:
    remove(tmp_path / "gone")
