"""Forked workers and fresh ones behave alike, and a fork server that fails costs nothing but time."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import psutil
import pytest

from harness.errors import Interrupted
from harness.limits import Limits
from tests.conftest import mounts
from tests.execute.isolate.containers import inside, own_containers
from tests.execute.warm.conftest import Bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

Made = Callable[..., AbstractContextManager[Bench]]
LEVELS = ("process", "sandbox", "container")
HIDING = ("sandbox", "container")
MIB = 1024**2


def servers() -> list[psutil.Process]:
    """The interpreters that serve forks, below this process and in its containers."""
    below = psutil.Process().children(recursive=True)
    with suppress(pytest.skip.Exception):  # without an engine there are no containers
        below += [process for name in own_containers() for process in inside(name)]
    return [p for p in below if p.name().startswith("python") and any("forkserver" in a for a in p.cmdline())]


def server() -> psutil.Process:
    """The one whose children are cells: the innermost of those with its command line."""
    return max(servers(), key=lambda process: len(process.parents()))


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize("level", LEVELS)
def test_how_a_worker_ends(level: str, fork: bool, bench: Made) -> None:
    with bench(level, fork=fork) as made:
        done = made.cell("print('hello')")
        assert (done.exit_code, done.signal, done.supervised) == (0, None, True)
        assert made.log == "hello\n"
        done = made.cell("import os; os._exit(7)")
        assert (done.exit_code, done.signal, done.supervised) == (7, None, True)
        done = made.cell("import os; os.kill(os.getpid(), 11)")
        assert (done.exit_code, done.signal) == (None, "SIGSEGV")
        done = made.cell("import time; time.sleep(600)", limits=Limits(seconds=0.5))
        assert done.limit == "seconds"
        hoard = "hoard = [bytearray(2**20) for _ in range(400)]\nimport time; time.sleep(600)"
        done = made.cell(hoard, limits=Limits(seconds=60, memory_bytes=200 * MIB))
        assert done.limit == "memory_bytes"
        done = made.cell("while True: pass", limits=Limits(seconds=60, cpu_seconds=0.5))
        assert done.limit == "cpu_seconds"
        done = made.cell("print('still here')")
        assert (done.ok, made.said) == (True, [])


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize("level", LEVELS)
def test_what_a_worker_finds(level: str, fork: bool, bench: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "of the harness")
    code = """
        import json, os, resource, sys, tempfile, threading
        found = dict(
            secret=[name for name in os.environ if "SECRET" in name],
            setting=os.environ["A_SETTING"],
            private=[os.environ[name] == os.path.join(os.getcwd(), folder)
                     for name, folder in (("HOME", "home"), ("TMPDIR", "tmp"))],
            temporary=tempfile.gettempdir() == os.environ["TMPDIR"],
            stdin=sys.stdin.read(),
            core=resource.getrlimit(resource.RLIMIT_CORE),
            descriptors=sorted(os.path.basename(os.readlink(path)) for path in
                               (f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd") if int(n) > 2)
                               if os.path.exists(path)),
            group=os.getpid() == os.getpgid(0) == os.getsid(0),
        )
        open("found.json", "w").write(json.dumps(found))
    """
    found: dict[str, object] = {}
    with bench(level, fork=fork) as made:
        done = made.cell(code, look=lambda cell: found.update(json.loads((cell / "found.json").read_text())))
        assert done.ok, made.log
    assert found.pop("descriptors") == ["reply.jsonl"]
    group = found.pop("group")
    assert group or not fork
    assert found == {
        "secret": [],
        "setting": "of the environment",
        "private": [True, True],
        "temporary": True,
        "stdin": "",
        "core": [0, 0],
    }


@pytest.mark.parametrize("level", LEVELS)
def test_children_of_a_forked_worker_are_gone_with_it(level: str, bench: Made) -> None:
    code = """
        import os, sys
        for environment in ({}, os.environ):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.execve("/bin/sleep", ["sleep", "6137"], environment)
                os._exit(0)
    """
    with bench(level) as made:
        assert made.cell(code).ok
        assert [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "6137"]] == []


@pytest.mark.parametrize("level", LEVELS)
def test_a_server_that_ended_is_replaced(level: str, bench: Made) -> None:
    with bench(level) as made:
        assert made.cell("pass").ok
        before = server()
        before.kill()
        before.wait(10)
        assert made.cell("pass").ok
        assert server().pid != before.pid
        assert made.said == []


def test_cells_that_notice_a_death_together_end_no_other_cell(bench: Made) -> None:
    """One server dies, six cells want it: it is replaced once, and nothing that the new one forks ends."""
    with bench("process") as made:
        assert made.cell("pass").ok
        server().kill()
        ended: list[bool] = []

        def work(number: int) -> None:
            folder = made.folder / str(number)
            folder.mkdir()
            one = Bench(made.workers, folder, made.built, made.said)
            ended.append(one.cell("import time; time.sleep(0.3)").ok)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (ended, made.said) == ([True] * 6, [])


@pytest.mark.parametrize("level", HIDING)
@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM", "SIGKILL", "SIGSTOP", "SIGSEGV"])
def test_what_watches_over_a_cell_cannot_be_ended_from_inside(signal: str, level: str, bench: Made) -> None:
    with bench(level) as made:
        code = f"""
            import os, resource, signal, time
            os.kill(1, signal.{signal})
            try:
                resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))
            except PermissionError:
                pass
            time.sleep(0.1)
        """
        done = made.cell(code)
        assert (done.supervised, done.ok) == (True, True), made.log


def test_signals_while_its_supervisor_starts_a_thread_do_not_end_a_cell(bench: Made) -> None:
    """Process 1 blocks signals then; the kernel does not drop those that it has no handler for."""
    with bench("sandbox") as made:
        code = """
            import os, signal, time
            end = time.monotonic() + 0.01
            while time.monotonic() < end:
                os.kill(1, signal.SIGTERM)
                os.kill(1, signal.SIGRTMIN)
        """
        done = [made.cell(code) for _ in range(150)]
        assert {(one.supervised, one.ok) for one in done} == {(True, True)}, made.log


@pytest.mark.parametrize("fork", [True, False])
@pytest.mark.parametrize("level", LEVELS)
def test_signals_have_the_same_effect_as_in_a_program_of_its_own(level: str, fork: bool, bench: Made) -> None:
    code = "import signal; print([str(signal.getsignal(n)) for n in sorted(signal.valid_signals())][:31])"
    with bench(level, fork=fork) as made:
        assert made.cell(code).ok
        alone = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert made.log.splitlines()[-1] == alone.stdout.strip()


def test_what_a_cell_hides_from_its_supervisor_and_leaves_behind_is_ended(bench: Made) -> None:
    with bench("process") as made:
        code = """
            import os, signal, time
            supervisor = os.getppid()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    print(os.getpid(), flush=True)
                    os.kill(supervisor, signal.SIGKILL)
                    time.sleep(600)
                os._exit(0)
            time.sleep(600)
        """
        for _ in range(6):
            assert not made.cell(code).supervised
            hidden = int(made.log.split()[-1])
            assert not psutil.pid_exists(hidden) or psutil.Process(hidden).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("level", LEVELS)
def test_a_cell_whose_server_ends_is_not_blamed(level: str, bench: Made) -> None:
    with bench(level) as made:
        assert made.cell("pass").ok
        timer = threading.Timer(0.5, server().kill)
        timer.start()
        done = made.cell("import time; time.sleep(600)")
        timer.join()
        assert (done.supervised, done.exit_code, done.limit) == (False, None, None)
        assert made.cell("pass").ok


def test_a_runtime_that_cannot_be_imported_is_left_to_its_cells(bench: Made) -> None:
    """Each tells it in its own reply, as a tool that cannot be used."""
    with bench("process", warm="def warm():\n    raise ImportError('no such framework')\n") as made:
        assert made.cell("print('forked all the same')").ok
        assert made.log == "forked all the same\n"
        assert made.said == []


@pytest.mark.parametrize("level", LEVELS)
def test_a_run_that_is_stopped_ends_its_servers(level: str, bench: Made) -> None:
    cancel = threading.Event()
    with bench(level) as made:
        assert made.cell("pass").ok
        timer = threading.Timer(0.5, cancel.set)
        timer.start()
        with pytest.raises(Interrupted):
            made.cell("import time; time.sleep(600)", cancel=cancel)
        assert len(servers()) > 0
    assert servers() == []


@pytest.mark.parametrize("level", HIDING)
def test_nothing_adds_up(level: str, bench: Made) -> None:
    def held() -> tuple[int, int, list[str]]:
        return mine.num_fds(), threading.active_count(), mounts(made.folder)

    def settle() -> None:  # folders are removed a little later
        deadline = time.monotonic() + 30
        while list((made.folder / "cells").glob("tmp*")):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    mine = psutil.Process()
    with bench(level) as made:
        for _ in range(5):
            made.cell("pass")
        settle()
        before = held()
        for number in range(30):
            made.cell("pass" if number % 3 else "import os; os.kill(os.getpid(), 9)")
        settle()
        assert held() == before
        assert len(server().children()) == 0
    assert list((made.folder / "cells").glob("tmp*")) == []
