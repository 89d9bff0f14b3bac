"""Processes are told apart by how they end, and get only what they are given."""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import proc
from harness.errors import Interrupted
from harness.limits import Limits

from .commands import assert_gone, linux, printed_pids, run


def test_exit_code_output_and_usage(tmp_path: Path) -> None:
    finished = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)
    assert (finished.exit_code, finished.signal, finished.limit) == (3, None, None)
    assert (finished.timed_out, finished.ok, finished.supervised) == (False, False, True)
    assert sorted(proc.tail(tmp_path / "log").split()) == ["err", "out"]
    assert finished.peak_memory_bytes > 1e6
    assert 0 < finished.cpu_seconds < finished.seconds


def test_the_end_by_itself_with_code_0_is_ok(tmp_path: Path) -> None:
    finished = run("", tmp_path)
    assert finished.ok
    assert finished.exit_code == 0


def test_a_signal_is_named(tmp_path: Path) -> None:
    finished = run("import os; os.kill(os.getpid(), 11)", tmp_path)
    assert (finished.exit_code, finished.signal, finished.supervised) == (None, "SIGSEGV", True)


def test_output_is_appended(tmp_path: Path) -> None:
    run("print('one')", tmp_path)
    run("print('two')", tmp_path)
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_cancelling_ends_all_of_it(tmp_path: Path) -> None:
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    code = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(60)"
    clock = time.monotonic()
    with pytest.raises(Interrupted, match="stopped by the user"):
        run(code, tmp_path, cancel=cancel)
    assert time.monotonic() - clock < 10
    assert len(printed_pids(tmp_path)) == 2
    assert_gone(printed_pids(tmp_path))


def test_nothing_of_the_environment_leaks_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    environ = "print(open(f'/proc/{os.getppid()}/environ').read())" if sys.platform == "linux" else ""
    assert run(f"import os; print(dict(os.environ)); {environ}", tmp_path).ok
    assert "PATH" in proc.tail(tmp_path / "log")
    assert "secret" not in proc.tail(tmp_path / "log")


def test_variables_arrive_byte_by_byte(tmp_path: Path) -> None:
    env = {"ODD": os.fsdecode(b"\xc3\xa4 \xff \n end")}
    code = "import os; os.write(1, os.environb[b'ODD'])"
    finished = proc.run(
        [sys.executable, "-c", code], log=tmp_path / "log", env=env, cwd=tmp_path, limits=Limits(seconds=60)
    )
    assert finished.ok
    assert (tmp_path / "log").read_bytes() == b"\xc3\xa4 \xff \n end"


@linux
def test_only_the_three_streams_are_open(tmp_path: Path) -> None:
    with (tmp_path / "other").open("w") as other:
        os.set_inheritable(other.fileno(), True)
        code = """
import os, sys
print([number for number in range(1000) if os.path.lexists(f"/proc/self/fd/{number}")])
print(os.readlink("/proc/self/fd/0"), sys.stdin.read() == "")
"""
        assert run(code, tmp_path).ok
    assert (tmp_path / "log").read_text() == "[0, 1, 2]\n/dev/null True\n"


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program") as caught:
        proc.run(["no-such-program"], log=tmp_path / "log", env={}, cwd=tmp_path, limits=Limits(seconds=60))
    assert caught.value.filename == "no-such-program"


def test_a_program_that_may_not_run_is_named(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("no program")
    with pytest.raises(PermissionError, match=str(program)):
        proc.run([str(program)], log=tmp_path / "log", env={}, cwd=tmp_path, limits=Limits(seconds=60))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(FileNotFoundError, match=str(gone)):
        proc.run([sys.executable], log=tmp_path / "log", env={}, cwd=gone, limits=Limits(seconds=60))


def test_a_harness_without_interpreter_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho broken installation >&2\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(OSError, match="no supervisor can be started"):
        run("", tmp_path)
    assert proc.tail(tmp_path / "log") == "broken installation"


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """One is killed for its limit with all that it started, while the other one and its child go on."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    patient = """
import os, time
child = os.fork()
if not child:
    time.sleep(1.5)
    os._exit(5)
print("child ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    spinning = "import os\nos.fork()\nwhile True: pass"
    with ThreadPoolExecutor() as pool:
        first = pool.submit(run, patient, good)
        second = pool.submit(run, spinning, bad, limits=Limits(seconds=60, cpu_seconds=0.5))
        assert second.result().limit == "cpu_seconds"
        assert first.result().ok
    assert first.result().cpu_seconds < 0.5
    assert proc.tail(good / "log") == "child ended with 5"
