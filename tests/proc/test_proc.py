"""Processes end, are told apart by how they end, and leave nothing behind."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from harness import proc
from harness.errors import Interrupted


def run(code: str, tmp_path: Path, **options: object) -> proc.Finished:
    return proc.run(
        [sys.executable, "-c", code],
        log=tmp_path / "log",
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        timeout=float(str(options.get("timeout", 30))),
        cancel=options.get("cancel"),  # type: ignore[arg-type]
    )


def test_exit_code_output_and_memory(tmp_path: Path) -> None:
    finished = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)
    assert (finished.exit_code, finished.signal, finished.timed_out, finished.ok) == (3, None, False, False)
    assert sorted(proc.tail(tmp_path / "log").split()) == ["err", "out"]
    assert finished.peak_memory_bytes > 1e6


def test_a_signal_is_named(tmp_path: Path) -> None:
    finished = run("import os; os.kill(os.getpid(), 11)", tmp_path)
    assert (finished.exit_code, finished.signal) == (None, "SIGSEGV")


def test_the_time_limit_holds_against_a_process_that_ignores_sigterm(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    clock = time.monotonic()
    assert run(code, tmp_path, timeout=0.5).timed_out
    assert time.monotonic() - clock < 10


def test_cancelling_stops_it(tmp_path: Path) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(Interrupted):
        run("import time; time.sleep(60)", tmp_path, cancel=cancel)


def test_nothing_of_the_environment_leaks_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    run("import os; print(dict(os.environ))", tmp_path)
    assert "secret" not in proc.tail(tmp_path / "log")


@pytest.mark.parametrize("new_session", [False, True])
def test_children_are_gone_even_in_a_session_of_their_own(new_session: bool, tmp_path: Path) -> None:
    if new_session and not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc, to find processes that left their group")
    child = "import time; time.sleep(300)"
    code = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", {child!r}], start_new_session={new_session}).pid)
"""
    run(code, tmp_path)
    pid = int(proc.tail(tmp_path / "log"))
    deadline = time.monotonic() + 5
    while _alive(pid):
        assert time.monotonic() < deadline, "the child is still there"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
