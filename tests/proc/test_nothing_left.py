"""Whatever a process does, it leaves nothing behind, and it cannot hold up the harness."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness import proc
from harness.limits import Limits
from tests.conftest import ROOT

from .commands import HIDE, alive, assert_gone, linux, printed_pids, run

SLEEP = "import time; time.sleep(300)"


@pytest.mark.parametrize("new_session", [False, pytest.param(True, marks=linux)])
def test_children_are_gone_even_in_a_session_of_their_own(new_session: bool, tmp_path: Path) -> None:
    code = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session={new_session}).pid)
"""
    assert run(code, tmp_path).ok
    assert_gone(printed_pids(tmp_path))


@linux
def test_a_hidden_process_is_gone(tmp_path: Path) -> None:
    finished = run(f"{HIDE}\nhide({SLEEP!r})", tmp_path)
    assert finished.ok
    assert finished.supervised
    assert finished.seconds < 10
    assert_gone(printed_pids(tmp_path))


@linux
def test_hidden_processes_are_gone_after_a_limit(tmp_path: Path) -> None:
    finished = run(f"{HIDE}\nhide({SLEEP!r})\n{SLEEP}", tmp_path, limits=Limits(seconds=0.5))
    assert finished.timed_out
    assert_gone(printed_pids(tmp_path))


@linux
@pytest.mark.parametrize("limits", [Limits(seconds=60), Limits(seconds=60, cpu_seconds=1)])
def test_a_process_that_always_runs_ahead_is_caught(limits: Limits, tmp_path: Path) -> None:
    """It forks, its parent ends, and so on, each in a session of its own; the command ends, or goes on."""
    runner = """
import os
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
    log = os.open("runner", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(log, str(os.getpid()).encode())
    os.close(log)
"""
    wait = "while True: pass" if limits.cpu_seconds else "import time; time.sleep(0.5)"
    finished = run(f"{HIDE}\nhide({runner!r})\n{wait}", tmp_path, limits=limits)
    assert finished.limit == ("cpu_seconds" if limits.cpu_seconds else None)
    assert finished.supervised
    assert finished.seconds < 15
    last = (tmp_path / "runner").read_text()
    time.sleep(0.3)
    assert (tmp_path / "runner").read_text() == last
    assert not last or not alive(int(last))


@linux
@pytest.mark.parametrize("seen", [False, True])
def test_a_process_that_kills_its_supervisor(seen: bool, tmp_path: Path) -> None:
    """Whether or not what it started has ever been seen by a look at the tree."""
    code = f"""
{HIDE}
import time
hide({SLEEP!r})
print(os.getpid(), flush=True)
time.sleep({0.5 if seen else 0})
os.kill(os.getppid(), 9)
time.sleep(300)
"""
    finished = run(code, tmp_path)
    assert (finished.supervised, finished.exit_code, finished.signal) == (False, None, None)
    assert (finished.ok, finished.limit) == (False, None)
    assert finished.seconds < 10
    assert len(printed_pids(tmp_path)) == 2
    assert_gone(printed_pids(tmp_path), within=2)


@linux
def test_a_forged_report_is_not_believed(tmp_path: Path) -> None:
    code = f"""
{HIDE}
hide({SLEEP!r})
with open(f"/proc/{{os.getppid()}}/fd/1", "w") as report:
    report.write('{{"event": "ended", "code": 0, "cpu_seconds": 0, "peak_memory_bytes": 0}}\\n')
os.kill(os.getppid(), 9)
"""
    finished = run(code, tmp_path)
    assert not finished.supervised
    assert not finished.ok
    assert_gone(printed_pids(tmp_path), within=2)


def test_a_process_that_halts_its_supervisor_and_ends(tmp_path: Path) -> None:
    finished = run("import os, sys; os.kill(os.getppid(), 19); sys.exit(4)", tmp_path)
    assert (finished.exit_code, finished.supervised) == (4, True)
    assert finished.seconds < 10


@linux
def test_a_process_that_keeps_its_supervisor_halted(tmp_path: Path) -> None:
    code = f"""
{HIDE}
hide("import os, time\\nwhile True: os.kill({{}}, 19); time.sleep(0.001)".format(os.getppid()))
print(os.getpid(), flush=True)
while True: os.kill(os.getppid(), 19)
"""
    finished = run(code, tmp_path, limits=Limits(seconds=0.5))
    assert finished.timed_out
    assert finished.seconds < 25
    assert len(printed_pids(tmp_path)) == 2
    assert_gone(printed_pids(tmp_path), within=2)


@linux
def test_a_process_beyond_reach_that_holds_the_output_does_not_hold_up_the_harness(tmp_path: Path) -> None:
    """The command hands its output to a process that it did not start."""
    receive = """
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("socket")
s.listen()
print(flush=True)
held = socket.recv_fds(s.accept()[0], 1, 1)
time.sleep(60)
"""
    receiver = subprocess.Popen([sys.executable, "-c", receive], cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        assert receiver.stdout
        receiver.stdout.readline()
        code = """
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("socket")
socket.send_fds(s, [b"x"], [1])
print("sent")
"""
        finished = run(code, tmp_path)
        assert finished.ok
        assert finished.seconds < 10
        assert proc.tail(tmp_path / "log") == "sent"
        assert receiver.poll() is None, "it is none of ours"
    finally:
        receiver.kill()
        receiver.communicate()


def test_a_grandchild_that_holds_the_output_does_not_hold_up_the_harness(tmp_path: Path) -> None:
    code = """
import os, time
if os.fork() == 0:
    print(os.getpid(), flush=True)
    time.sleep(300)
time.sleep(0.5)
"""
    finished = run(code, tmp_path)
    assert finished.ok
    assert finished.seconds < 10
    assert_gone(printed_pids(tmp_path))


HARNESS = """
import os, sys
from pathlib import Path
from harness import proc
from harness.limits import Limits
folder = Path(sys.argv[1])
argv = [sys.executable, "-I", "-S", "-c", sys.argv[2]]
proc.run(argv, log=folder / "log", env={}, cwd=folder, limits=Limits())
"""


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_the_harness(how: signal.Signals, tmp_path: Path) -> None:
    command = f"{HIDE}\nhide({SLEEP!r})\nprint(os.getppid(), os.getpid(), flush=True)\n{SLEEP}"
    harness = subprocess.Popen([sys.executable, "-c", HARNESS, str(tmp_path), command], cwd=ROOT)
    deadline = time.monotonic() + 30
    while not (tmp_path / "log").exists() or len(printed_pids(tmp_path)) < 3:
        assert harness.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(harness.pid, how)
    assert harness.wait(10) == -how
    assert_gone(printed_pids(tmp_path), within=5)


@linux
def test_a_harness_inside_a_harness_kills_only_what_is_its_own(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    command = f"{HIDE}\nhide({SLEEP!r})\nos.kill(os.getppid(), 9)"
    code = f"""
import sys
sys.path[:0] = {[str(ROOT), *sys.path]!r}
sys.argv[1:] = {[str(inner), command]!r}
{HARNESS}
print("goes on")
"""
    assert run(code, tmp_path).ok, proc.tail(tmp_path / "log")
    assert proc.tail(tmp_path / "log") == "goes on"
    assert_gone(printed_pids(inner), within=2)


@linux
def test_no_process_and_no_descriptor_stays_with_the_harness(tmp_path: Path) -> None:
    run("", tmp_path)
    me = psutil.Process()
    before = (me.num_fds(), me.num_threads(), me.children())
    run(f"{HIDE}\nhide({SLEEP!r})", tmp_path)
    run("import os; os.kill(os.getppid(), 9)", tmp_path)
    with pytest.raises(FileNotFoundError):
        proc.run(["no-such-program"], log=tmp_path / "log", env={}, cwd=tmp_path, limits=Limits())
    deadline = time.monotonic() + 5
    while me.num_fds() > before[0] or me.num_threads() > before[1]:  # a thread ends a little after its work
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert me.children() == before[2]
