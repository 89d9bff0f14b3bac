"""What the tests of processes share: running Python code, and asking who is still there."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from harness import proc
from harness.limits import Limits

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: no other system finds every orphan")

# hide(code) runs code in a process that nothing leads to: forked twice, in a session of its own, without any
# environment and without the output. Its number is printed.
HIDE = """
import os, sys
def hide(code):
    told, tell = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(tell, str(os.getpid()).encode())
            os.closerange(0, 100)
            os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code], {})
        os._exit(0)
    os.wait()
    print(os.read(told, 20).decode(), flush=True)
"""


def run(
    code: str,
    folder: Path,
    *,
    limits: Limits | None = None,
    folders: Sequence[Path] = (),
    cancel: threading.Event | None = None,
) -> proc.Finished:
    """Run Python code in a folder, with its output in the file "log" there."""
    return proc.run(
        [sys.executable, "-I", "-S", "-c", code],
        log=folder / "log",
        env={"PATH": os.environ["PATH"]},
        cwd=folder,
        limits=limits or Limits(seconds=60),
        folders=folders,
        cancel=cancel,
    )


def printed_pids(folder: Path) -> list[int]:
    """The numbers in the log."""
    return [int(line) for line in (folder / "log").read_text().split() if line.isdigit()]


def alive(pid: int) -> bool:
    """Whether the process has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def assert_gone(pids: Sequence[int], *, within: float = 0.0) -> None:
    """None of the processes runs after so many seconds, and there were some."""
    assert pids
    deadline = time.monotonic() + within
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)
