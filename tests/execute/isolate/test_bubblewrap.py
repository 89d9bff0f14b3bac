"""The sandbox as the user who runs the tests has it: files, limits, ends."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

from harness.errors import IsolationError
from harness.execute.isolate import requirements
from harness.execute.isolate.bubblewrap import Bubblewrap
from harness.execute.isolate.level import Mount
from harness.limits import Limits
from tests.execute.isolate.confined import run_python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
ROOT = os.getuid() == 0 if sys.platform == "linux" else False
MIB = 2**20


@pytest.fixture(scope="module")
def sandbox() -> Bubblewrap:
    return requirements.sandbox()


def test_a_worker_has_its_folder_and_a_minimal_system(sandbox: Bubblewrap, tmp_path: Path) -> None:
    code = (
        "import getpass, json, os, pathlib, socket\n"
        "pathlib.Path('made').write_text('x')\n"
        "print(json.dumps({'root': os.listdir('/'), 'etc': os.listdir('/etc'), 'cwd': os.getcwd(),"
        " 'variables': dict(os.environ), 'user': getpass.getuser(), 'host': socket.gethostname(),"
        " 'localhost': socket.gethostbyname('localhost')}))"
    )
    ran = run_python(sandbox, code, tmp_path, env={"HOME": "/cell/home"})
    assert ran.finished.ok, ran.printed
    said = json.loads(ran.printed)
    assert (ran.folder / "made").read_text() == "x"
    assert set(said["root"]) >= {"cell", "dev", "etc", "proc", "tmp", "usr"}
    assert {"home", "root", "var", "run", "work"} & set(said["root"]) == set() or ROOT
    assert set(said["etc"]) <= {"alternatives", "group", "hosts", "ld.so.cache", "passwd"}
    assert said["cwd"] == "/cell"
    assert set(said["variables"]) - {"LC_CTYPE"} == {"HOME", "PWD"}
    assert (said["user"], said["host"], said["localhost"]) == ("worker", "sandbox", "127.0.0.1")


@pytest.mark.parametrize("folder", ["/", "/etc", "/dev", "/usr", "/proc", "/sys/devices"])
def test_it_writes_nowhere_else(folder: str, sandbox: Bubblewrap, tmp_path: Path) -> None:
    ran = run_python(sandbox, f"open({folder!r} + '/made', 'w')", tmp_path)
    assert ran.finished.exit_code == 1
    assert "Error" in ran.printed


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_temporary_folders_have_a_size(folder: str, tmp_path: Path) -> None:
    found = requirements.sandbox()
    small = Bubblewrap(program=found.program, helpers=found.helpers, root=ROOT, temporary_bytes=8 * MIB)
    code = f"import os; os.chdir('{folder}')\nopen('small', 'wb').write(bytes({MIB}))\n"
    code += f"open('large', 'wb').write(bytes({16 * MIB}))"
    ran = run_python(small, code, tmp_path)
    assert "line 3" in ran.printed
    assert ran.finished.exit_code == 1
    assert "No space left on device" in ran.printed


def test_what_lies_on_a_writable_mount_can_be_read_only(sandbox: Bubblewrap, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "weights").write_text("x")
    mount = Mount(source=given, target="/cell/model")
    code = (
        "print(open('model/weights').read())\n"
        "try: open('model/weights', 'w')\n"
        "except OSError as error: print(error.strerror)"
    )
    ran = run_python(sandbox, code, tmp_path, mounts=(mount,))
    assert ran.printed.split("\n")[:2] == ["x", "Read-only file system"]


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_signal_is_known_by_its_name(name: str, sandbox: Bubblewrap, tmp_path: Path) -> None:
    ran = run_python(sandbox, f"import os, signal; os.kill(os.getpid(), signal.{name})", tmp_path)
    assert (ran.finished.exit_code, ran.finished.signal, ran.finished.limit) == (None, name, None)


def test_an_exit_code_is_passed_on(sandbox: Bubblewrap, tmp_path: Path) -> None:
    assert run_python(sandbox, "raise SystemExit(7)", tmp_path).finished.exit_code == 7


def test_a_file_that_is_too_large(sandbox: Bubblewrap, tmp_path: Path) -> None:
    code = (
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        f"open('large', 'wb').write(bytes({2 * MIB}))"
    )
    ran = run_python(sandbox, code, tmp_path, limits=Limits(seconds=60, file_bytes=MIB))
    assert (ran.finished.signal, ran.finished.limit) == ("SIGXFSZ", "file_bytes")


def test_too_much_time_of_the_processor(sandbox: Bubblewrap, tmp_path: Path) -> None:
    ran = run_python(sandbox, "while True: pass", tmp_path, limits=Limits(seconds=60, cpu_seconds=1))
    assert ran.finished.limit == "cpu_seconds"


def test_its_memory_is_seen_from_outside(sandbox: Bubblewrap, tmp_path: Path) -> None:
    ran = run_python(sandbox, f"import time; x = b'x' * {200 * MIB}; time.sleep(0.5)", tmp_path)
    assert 200 * MIB < ran.finished.peak_memory_bytes < 300 * MIB


def test_too_much_memory(sandbox: Bubblewrap, tmp_path: Path) -> None:
    code = f"import time; x = b'x' * {200 * MIB}; time.sleep(30)"
    ran = run_python(sandbox, code, tmp_path, limits=Limits(seconds=60, memory_bytes=100 * MIB))
    assert ran.finished.limit == "memory_bytes"


def test_nothing_is_left_after_a_time_out(sandbox: Bubblewrap, tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: os.setsid()\n"
        "while True:\n"
        "    open('alive', 'w').write(str(time.monotonic())); time.sleep(0.01)"
    )
    ran = run_python(sandbox, code, tmp_path, limits=Limits(seconds=1))
    assert ran.finished.timed_out
    before = (ran.folder / "alive").read_text()
    time.sleep(0.3)
    assert (ran.folder / "alive").read_text() == before


def test_a_descriptor_is_passed_on(sandbox: Bubblewrap, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        code = f"import socket; socket.socket(fileno={theirs.fileno()}).send(b'hello')"
        ran = run_python(sandbox, code, tmp_path, fds=(theirs.fileno(),))
        assert ran.finished.ok, ran.printed
        assert ours.recv(10) == b"hello"


def test_nothing_tells_of_the_options(sandbox: Bubblewrap, tmp_path: Path) -> None:
    ran = run_python(sandbox, "print(open('/proc/1/cmdline').read())", tmp_path)
    assert "--args" in ran.printed
    assert str(tmp_path) not in ran.printed


def test_a_forked_child_of_a_warm_one_can_be_alone(sandbox: Bubblewrap, tmp_path: Path) -> None:
    code = (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "assert libc.unshare(0x10000000 | 0x20000 | 0x20000000 | 0x40000000) == 0, ctypes.get_errno()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    assert libc.mount(b'proc', b'/proc', b'proc', 0, None) == 0, ctypes.get_errno()\n"
        "    assert libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0, ctypes.get_errno()\n"
        "    print([name for name in os.listdir('/proc') if name.isdigit()], flush=True)\n"
        "    os._exit(0)\n"
        "raise SystemExit(os.waitpid(child, 0)[1])"
    )
    ran = run_python(sandbox.for_fork_server(), code, tmp_path)
    assert (ran.finished.exit_code, ran.printed) == (0, "['1']\n")


@pytest.mark.may_skip  # CI runs as an ordinary user
@pytest.mark.skipif(not ROOT, reason="needs root: as an ordinary user, the worker's files are one's own")
def test_what_is_closed_to_the_workers_id_is_said(sandbox: Bubblewrap, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(IsolationError, match=r"closed is closed to the user id.*chmod -R o\+rX"):
        run_python(sandbox, "", tmp_path, mounts=(Mount(source=closed, target="/closed"),))


def test_handing_over_follows_no_link(sandbox: Bubblewrap, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").touch(mode=0o600)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").symlink_to(outside / "secret")
    (folder / "folder").symlink_to(outside)
    sandbox.hand_over(folder)
    assert stat.S_IMODE((outside / "secret").stat().st_mode) == 0o600
