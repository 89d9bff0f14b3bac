"""A command in a container: what it sees, how it ends, and that nothing of it stays."""

from __future__ import annotations

import ast
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from harness import proc
from harness.errors import Interrupted
from harness.execute.isolate import container_init
from harness.execute.isolate.container import _visible, container
from harness.execute.isolate.container_engine import connect
from harness.execute.isolate.container_host import prepare
from harness.execute.isolate.level import Level, Mount
from harness.limits import Limits
from tests.conftest import ROOT

from .containers import OwnEngine, assert_none, confinement, containers, own_engine, run

pytestmark = pytest.mark.slow

__all__ = ["own_engine"]

MIB = 2**20


def test_it_computes_and_leaves_files_that_the_machine_can_read_and_remove(tmp_path: Path) -> None:
    code = """
import os
os.umask(0o077)
os.mkdir("out")
open("out/answer", "w").write(str(6 * 7))
print(os.getcwd(), dict(os.environ), os.getuid(), os.getpid() > 1, len(os.listdir("/cell")))
"""
    assert confinement().level is Level.CONTAINER
    ended = run(code, tmp_path)
    assert ended.ok, proc.tail(tmp_path / "log")
    uid = os.getuid() or 65534
    assert proc.tail(tmp_path / "log") == f"/cell {{'LANG': 'C.UTF-8'}} {uid} True 1"
    assert (tmp_path / "cell" / "out" / "answer").read_text() == "42"
    (tmp_path / "cell" / "out" / "answer").unlink()
    (tmp_path / "cell" / "out").rmdir()
    assert 0 < ended.cpu_seconds < 5
    assert ended.peak_memory_bytes > MIB


HOG = "x = bytearray(2**30)"
BOMB = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"


@pytest.mark.parametrize(
    ("code", "limits", "end"),
    [
        ("import sys; sys.exit(137)", Limits(), (137, None, None)),
        ("import os; os.kill(os.getpid(), 11)", Limits(), (None, "SIGSEGV", None)),
        (HOG, Limits(memory_bytes=100 * MIB), (None, "SIGKILL", "memory_bytes")),
        ("import time; time.sleep(60)", Limits(seconds=0.5), (None, "SIGTERM", "seconds")),
        ("while True: pass", Limits(cpu_seconds=0.5), (None, "SIGKILL", "cpu_seconds")),
        (BOMB, Limits(processes=10), (None, "SIGKILL", "processes")),
        (
            "import signal\nsignal.signal(25, signal.SIG_DFL)\nopen('x', 'wb').write(bytes(10**6))",
            Limits(file_bytes=1000),
            (None, "SIGXFSZ", "file_bytes"),
        ),
    ],
    ids=[
        "exit",
        "signal",
        "memory",
        "seconds",
        "cpu",
        "bomb",
        "file",
    ],
)
def test_ends(
    code: str, limits: Limits, end: tuple[int | None, str | None, str | None], tmp_path: Path
) -> None:
    ended = run(code, tmp_path, limits=limits)
    assert (ended.exit_code, ended.signal, ended.limit) == end, proc.tail(tmp_path / "log")
    assert ended.supervised
    assert ended.seconds < 30
    assert_none()


def test_memory_that_a_child_filled(tmp_path: Path) -> None:
    """The kernel ends the child alone, which may be too early for the harness to see."""
    code = f"import os\nif os.fork() == 0: {HOG}\nos.wait()"
    ended = run(code, tmp_path, limits=Limits(memory_bytes=100 * MIB), watched=Limits(seconds=60))
    assert (ended.exit_code, ended.limit) == (0, "memory_bytes")


def test_memory_that_files_fill(tmp_path: Path) -> None:
    """Nothing that could be killed gives it back, so that process 1 may have to go, too."""
    code = "f = open('/tmp/x', 'wb')\nwhile True: f.write(bytes(10**6))"
    ended = run(code, tmp_path, limits=Limits(memory_bytes=100 * MIB))
    assert ended.limit == "memory_bytes"
    assert ended.exit_code is None


def test_one_refused_thread_is_no_bomb(tmp_path: Path) -> None:
    code = """
import threading, time
try:
    while True:
        threading.Thread(target=time.sleep, args=(1,)).start()
except RuntimeError:
    print("refused")
"""
    # Not fewer: what starts a container is a process of many threads, which count, too.
    ended = run(code, tmp_path, limits=Limits(processes=40))
    assert ended.ok, proc.tail(tmp_path / "log")
    assert proc.tail(tmp_path / "log") == "refused"


def test_cancelled_although_it_does_not_want_to_end(tmp_path: Path) -> None:
    cancel = threading.Event()
    timer = threading.Timer(1.5, cancel.set)
    timer.start()
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    with pytest.raises(Interrupted):
        run(code, tmp_path, cancel=cancel)
    timer.join()
    assert_none()


def test_descriptors_keep_their_numbers(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        os.dup2(theirs.fileno(), 77)
        try:
            fds = (theirs.fileno(), 77)
            ended = run(f"import os; [os.write(fd, b'%d ' % fd) for fd in {fds}]", tmp_path, fds=fds)
            assert ended.ok, proc.tail(tmp_path / "log")
            assert ours.recv(100).split() == [b"%d" % fd for fd in fds]
        finally:
            os.close(77)


def test_nobody_inside_reaches_process_1(tmp_path: Path) -> None:
    """Else it could keep the container alive when the harness is gone, or answer in its place."""
    code = """
import ctypes, os, signal
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM):
    os.kill(1, number)
for name in ("environ", "mem", "fd", "maps"):
    path = f"/proc/1/{name}"
    try:
        found = os.listdir(path) if name == "fd" else open(path, "rb").read(1)
    except PermissionError:
        continue
    print(path, found)
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, 1, 0, 0) == 0:
    print("traced")
try:
    import socket
    socket.socket(socket.AF_UNIX).connect("/run/harness/hello")
    print("connected")
except ConnectionRefusedError:
    print("done")
"""
    ended = run(code, tmp_path)
    assert (ended.ok, ended.supervised) == (True, True), proc.tail(tmp_path / "log")
    assert proc.tail(tmp_path / "log") == "done"


def test_mounts_have_any_name_and_the_last_one_wins(tmp_path: Path) -> None:
    odd = tmp_path / 'a, "b": c'
    odd.mkdir()
    (odd / "file").write_text("odd")
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    mounts = [
        Mount(source=hidden, target="/data/deep"),
        Mount(source=hidden, target="/data"),
        Mount(source=odd, target="/data"),
        Mount(source=odd / "file", target="/cell/file"),
    ]
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "file").touch()
    code = """
import os
print(os.listdir("/data"), open("/cell/file").read())
for path in ("/data/file", "/cell/file", "/data/new"):
    try: open(path, "w")
    except OSError as error: print(error.strerror)
"""
    assert run(code, tmp_path, mounts=mounts).ok, proc.tail(tmp_path / "log")
    assert proc.tail(tmp_path / "log").splitlines() == ["['file'] odd", *["Read-only file system"] * 3]


def test_a_mount_hides_what_was_mounted_below_it() -> None:
    mounts = [Mount(source=Path("/s"), target=target) for target in ("/a/b", "/ab", "/a", "/a/c")]
    assert [mount.target for mount in _visible(mounts)] == ["/ab", "/a", "/a/c"]


def test_a_temporary_folder_with_a_long_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    assert run("", tmp_path).ok, proc.tail(tmp_path / "log")
    assert list(deep.iterdir()) == []


def test_an_interpreter_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"does not start a container: .*no such file"):
        run("", tmp_path, python=Path("/usr/bin/no-python"))
    assert_none()


def test_an_interpreter_that_does_not_start(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho libpython is missing >&2; exit 127\n")
    program.chmod(0o755)
    mounts = [Mount(source=program, target=str(program))]
    with pytest.raises(OSError, match=r"interpreter does not start in a container: libpython is missing"):
        run("", tmp_path, python=program, mounts=mounts)
    assert_none()


HARNESS = """
import sys
from pathlib import Path
from tests.execute.isolate.containers import run
run(sys.argv[2], Path(sys.argv[1]))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_the_harness(how: signal.Signals, tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    harness = subprocess.Popen([sys.executable, "-c", HARNESS, str(tmp_path), stubborn], cwd=ROOT)
    deadline = time.monotonic() + 30
    while proc.tail(tmp_path / "log") != "up":
        assert harness.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert containers(harness.pid)
    os.kill(harness.pid, how)
    assert harness.wait(10) == -how
    assert_none(harness.pid)


def test_several_at_a_time(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(lambda folder: run(f"print({folder.name})", folder), folders))
    assert all(end.ok for end in ends)
    assert [proc.tail(folder / "log") for folder in folders] == ["0", "1", "2", "3"]
    assert_none()


def test_process_1_is_written_for_python_3_8(tmp_path: Path) -> None:
    """It runs in the environment's interpreter, and needs nothing but the standard library."""
    path = Path(container_init.__file__)
    ast.parse(path.read_text("utf-8"), feature_version=(3, 8))
    imports = "import sys; sys.path[0] = sys.argv[1]; import container_init, supervisor"
    subprocess.run([sys.executable, "-S", "-c", imports, prepare(tmp_path / "start")], check=True)


def test_many_in_a_row_leave_nothing(own_engine: OwnEngine, tmp_path: Path) -> None:
    alone, inside = connect(), container()

    def everything() -> list[str]:
        calls = [(what, "ls", "--quiet") for what in ("container", "volume", "network", "image")]
        answers = [alone.call(*call) for call in calls]
        assert all(answer.ok for answer in answers)
        return [answer.output for answer in answers]

    run("", tmp_path, inside=inside)
    me = psutil.Process()
    before = (everything(), me.num_fds(), me.children())
    codes = ("", "raise SystemExit(3)", "import os; os.abort()", HOG)
    for number in range(20):
        limits = Limits(seconds=60, memory_bytes=100 * MIB)
        run(codes[number % 4], tmp_path, limits=limits, inside=inside)
    deadline = time.monotonic() + 10
    while me.num_fds() > before[1] or everything() != before[0]:  # some ends a little after its work
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert me.children() == before[2]


def test_what_it_shows_of_itself_holds_no_variable_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client adds the proxies of its own settings, with their passwords, to process 1."""
    settings = tmp_path / "docker"
    settings.mkdir()
    proxies = {"default": {"httpProxy": "http://user:secret@proxy:1"}}
    (settings / "config.json").write_text(json.dumps({"proxies": proxies}))
    monkeypatch.setenv("DOCKER_CONFIG", str(settings))
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    code = """
import os
print(dict(os.environ))
try: print(open("/proc/1/environ").read())
except PermissionError: print("closed")
"""
    assert run(code, tmp_path).ok
    assert proc.tail(tmp_path / "log").splitlines() == ["{'LANG': 'C.UTF-8'}", "closed"]
