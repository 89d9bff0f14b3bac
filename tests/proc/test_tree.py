"""What is below a process is found, also when it has left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from harness.proc import tree as tree_module
from harness.proc.tree import Tree
from harness.worker.supervisor import LISTS_CHILDREN, listed_children, searched_children

from .commands import linux


@pytest.fixture
def start() -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start Python code, which must print a line first; the process is killed after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-I", "-S", "-c", code]
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stdin=subprocess.PIPE, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout
    return process.stdout.readline().decode().strip()


FAMILY = """
import os, time
if os.fork() == 0 and os.fork() == 0:
    print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("lists_children", [True, False])
def test_grandchildren_are_found(
    lists_children: bool, start: Callable[[str], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the system does not list the children of a process."""
    if lists_children and not LISTS_CHILDREN:
        pytest.skip("needs a kernel with CONFIG_PROC_CHILDREN")
    monkeypatch.setattr(tree_module, "LISTS_CHILDREN", lists_children)
    process = start(FAMILY)
    grandchild = int(line(process))
    tree = Tree(process.pid)
    tree.look()
    assert tree.processes == 2
    assert grandchild in [member.pid for member in tree.running()]
    assert process.pid not in [member.pid for member in tree.running()]


@linux
def test_both_ways_to_find_children_agree(start: Callable[[str], subprocess.Popen[bytes]]) -> None:
    family = [start(FAMILY), start(FAMILY)]
    children = {process.pid for process in family}
    assert all(line(process) for process in family), "all have forked, so that all are found to be killed"
    assert children <= set(searched_children(os.getpid()))
    if LISTS_CHILDREN:
        assert set(listed_children(os.getpid())) == set(searched_children(os.getpid()))
    assert listed_children(2**30) == searched_children(2**30) == []


def test_a_member_that_left_is_still_one(start: Callable[[str], subprocess.Popen[bytes]]) -> None:
    """Its parent has ended, and it was not the root that got it."""
    process = start(
        "import os, sys, time\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    if os.fork() == 0: print(os.getpid(), flush=True); time.sleep(60)\n"
        "    sys.stdin.readline(); os._exit(0)\n"
        "os.waitpid(child, 0); print('left', flush=True); time.sleep(60)"
    )
    grandchild = int(line(process))
    tree = Tree(process.pid)
    tree.look()
    assert tree.processes == 2
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()
    assert line(process) == "left"
    tree.look()
    (member,) = tree.running()
    assert member.pid == grandchild
    member.kill()
    deadline = time.monotonic() + 5
    while tree.running():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_processor_time_never_shrinks(start: Callable[[str], subprocess.Popen[bytes]]) -> None:
    process = start(
        "import os, time\n"
        "for _ in range(6):\n"
        "    if os.fork() == 0:\n"
        "        while time.process_time() < 0.1: pass\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "print('done', flush=True); time.sleep(60)"
    )
    tree = Tree(process.pid)
    seen = [0.0]
    deadline = time.monotonic() + 30
    while seen[-1] < 0.55:
        assert time.monotonic() < deadline
        tree.look()
        seen.append(tree.cpu_seconds)
        time.sleep(0.01)
    assert line(process) == "done"
    tree.look()
    assert seen == sorted(seen)
    assert 0.55 < tree.cpu_seconds < 1.0


def test_of_a_process_that_is_gone_nothing_is_found() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    tree = Tree(process.pid)
    tree.look()
    assert (tree.processes, tree.cpu_seconds, tree.peak_memory_bytes, tree.running()) == (0, 0.0, 0, [])
