"""Each limit holds for a process and for all that it starts, and the one that was hit is named."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from harness import proc
from harness.limits import Limits
from harness.proc import watch

from .commands import assert_gone, linux, printed_pids, run

MIB = 2**20


def test_wall_time(tmp_path: Path) -> None:
    finished = run("import time; time.sleep(60)", tmp_path, limits=Limits(seconds=0.5))
    assert (finished.limit, finished.timed_out, finished.ok) == ("seconds", True, False)
    assert finished.signal == "SIGTERM"
    assert 0.5 < finished.seconds < 10


def test_wall_time_for_a_process_that_ignores_sigterm(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    finished = run(code, tmp_path, limits=Limits(seconds=0.5))
    assert finished.timed_out
    assert finished.signal == "SIGKILL"
    assert finished.seconds < 10


def test_who_reaches_the_wall_time_may_clean_up(tmp_path: Path) -> None:
    code = """
import signal, sys, time
signal.signal(15, lambda *_: sys.exit("cleaned up"))
time.sleep(60)
"""
    finished = run(code, tmp_path, limits=Limits(seconds=1))
    assert finished.timed_out
    assert finished.exit_code == 1
    assert proc.tail(tmp_path / "log") == "cleaned up"


def test_a_process_that_halts_itself_reaches_its_wall_time(tmp_path: Path) -> None:
    finished = run("import os, signal; os.kill(os.getpid(), 19)", tmp_path, limits=Limits(seconds=0.5))
    assert finished.timed_out
    assert finished.seconds < 10


def test_processor_time_of_one(tmp_path: Path) -> None:
    finished = run("while True: pass", tmp_path, limits=Limits(seconds=60, cpu_seconds=0.5))
    assert finished.limit == "cpu_seconds"
    assert not finished.timed_out
    assert 0.5 < finished.cpu_seconds < 5


def test_processor_time_is_summed_over_children_also_those_that_have_ended(tmp_path: Path) -> None:
    code = """
import os, time
while True:
    if os.fork() == 0:
        while time.process_time() < 0.1: pass
        os._exit(0)
    os.wait()
"""
    finished = run(code, tmp_path, limits=Limits(seconds=60, cpu_seconds=0.8))
    assert finished.limit == "cpu_seconds"
    assert 0.8 < finished.cpu_seconds < 5


def test_processor_time_of_children_that_nobody_waits_for(tmp_path: Path) -> None:
    code = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        while time.process_time() < 0.4: pass
        os._exit(0)
    time.sleep(0.4)
"""
    finished = run(code, tmp_path, limits=Limits(seconds=60, cpu_seconds=1.5))
    assert finished.limit == "cpu_seconds"


@linux
def test_the_system_watches_processor_time_too(tmp_path: Path) -> None:
    code = "import resource; print(*resource.getrlimit(resource.RLIMIT_CPU))"
    assert run(code, tmp_path, limits=Limits(seconds=60, cpu_seconds=20.5)).ok
    assert proc.tail(tmp_path / "log") == "22 23"


@linux
@pytest.mark.parametrize(("reaction", "how"), [("DFL", "SIGXCPU"), ("IGN", "SIGKILL")])
def test_processor_time_when_nobody_looks(
    reaction: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_PAUSE", 60.0)
    code = f"import signal; signal.signal(signal.SIGXCPU, signal.SIG_{reaction})\nwhile True: pass"
    finished = run(code, tmp_path, limits=Limits(seconds=60, cpu_seconds=0.5))
    assert (finished.signal, finished.limit) == (how, "cpu_seconds")


@linux
def test_a_signal_that_no_limit_sent(tmp_path: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.{})"
    limits = Limits(seconds=60, cpu_seconds=30)
    for name in ("SIGXCPU", "SIGKILL", "SIGXFSZ"):
        finished = run(code.format(name), tmp_path, limits=limits)
        assert finished.limit is None, name


def test_memory_of_one(tmp_path: Path) -> None:
    code = "hoard = []\nwhile True: hoard.append(bytearray(2**20))"
    finished = run(code, tmp_path, limits=Limits(seconds=60, memory_bytes=150 * MIB))
    assert (finished.limit, finished.signal) == ("memory_bytes", "SIGKILL")
    assert finished.peak_memory_bytes > 150 * MIB


CHILDREN_WITH_MEMORY = """
import os, time
shared = bytearray(os.urandom(2**20)) * {shared}
for _ in range(4):
    if os.fork() == 0:
        own = bytearray(os.urandom(2**20)) * {own}
        time.sleep({seconds})
        os._exit(0)
for _ in range(4): os.wait()
"""


def test_memory_is_summed_over_children(tmp_path: Path) -> None:
    code = CHILDREN_WITH_MEMORY.format(shared=1, own=60, seconds=30)
    finished = run(code, tmp_path, limits=Limits(seconds=60, memory_bytes=200 * MIB))
    assert finished.limit == "memory_bytes"
    assert finished.seconds < 20


@linux
def test_memory_that_children_share_counts_once(tmp_path: Path) -> None:
    code = CHILDREN_WITH_MEMORY.format(shared=100, own=1, seconds=1)
    finished = run(code, tmp_path, limits=Limits(seconds=60, memory_bytes=200 * MIB))
    assert finished.ok, finished
    assert 100 * MIB < finished.peak_memory_bytes < 200 * MIB


def test_too_many_processes(tmp_path: Path) -> None:
    code = """
import os, time
for _ in range(200):
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
        os._exit(0)
    time.sleep(0.002)
time.sleep(60)
"""
    finished = run(code, tmp_path, limits=Limits(seconds=60, processes=20))
    assert (finished.limit, finished.signal) == ("processes", "SIGKILL")
    assert 20 <= len(printed_pids(tmp_path)) < 200
    assert_gone(printed_pids(tmp_path))


def test_as_many_processes_as_allowed(tmp_path: Path) -> None:
    code = "import os, time\nif os.fork() and os.fork(): pass\ntime.sleep(0.5)"
    assert run(code, tmp_path, limits=Limits(seconds=60, processes=3)).ok
    assert run(code, tmp_path, limits=Limits(seconds=60, processes=2)).limit == "processes"


@linux
def test_a_file_that_grows_too_large_cannot_be_written(tmp_path: Path) -> None:
    code = """
try:
    with open("large", "wb") as file:
        file.write(bytes(3 * 2**20))
except OSError as error:
    print(error)
"""
    finished = run(code, tmp_path, limits=Limits(seconds=60, file_bytes=MIB))
    assert finished.ok
    assert proc.tail(tmp_path / "log") == "[Errno 27] File too large"
    assert (tmp_path / "large").stat().st_size == MIB


@linux
@pytest.mark.parametrize("stated", [True, False])
def test_a_process_that_dies_of_a_file_too_large(stated: bool, tmp_path: Path) -> None:
    program = shutil.which("dd")
    if program is None:
        pytest.skip("needs dd")
    finished = proc.run(
        [program, "if=/dev/zero", "of=large", "bs=64k", "count=32"],
        log=tmp_path / "log",
        env={},
        cwd=tmp_path,
        limits=Limits(seconds=60, file_bytes=MIB if stated else None),
    )
    if stated:
        assert (finished.signal, finished.limit, finished.ok) == ("SIGXFSZ", "file_bytes", False)
    else:
        assert finished.ok


def test_the_disk(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    code = """
import os, time
for number in range(1000):
    os.makedirs(f"scratch/{number}")
    with open(f"scratch/{number}/file", "wb") as file:
        file.write(bytes(2**18))
    time.sleep(0.02)
"""
    finished = run(code, tmp_path, limits=Limits(seconds=60, disk_bytes=4 * MIB), folders=[scratch])
    assert (finished.limit, finished.signal) == ("disk_bytes", "SIGKILL")
    assert 4 * MIB < sum(file.stat().st_size for file in scratch.glob("*/file")) < 100 * MIB


def test_other_folders_do_not_count(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    code = "open('large', 'wb').write(bytes(2**23)); import time; time.sleep(1)"
    assert run(code, tmp_path, limits=Limits(seconds=60, disk_bytes=MIB), folders=[scratch]).ok


def test_no_limit_at_all(tmp_path: Path) -> None:
    clock = time.monotonic()
    assert run("import time; time.sleep(0.2)", tmp_path, limits=Limits()).ok
    assert time.monotonic() - clock > 0.2
