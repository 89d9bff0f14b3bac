"""A forked cell is alone: it finds nothing of another one, and of the machine only what it needs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.execute.warm.conftest import Bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

Made = Callable[..., AbstractContextManager[Bench]]
HIDING = ("sandbox", "container")


@pytest.mark.parametrize("level", HIDING)
def test_a_cell_sees_nothing_of_another_one(level: str, bench: Made) -> None:
    """Of two that run at the same time below one fork server."""
    waits = """
        import os, socket, time
        for path in ("secret", "/tmp/secret", "/dev/shm/secret", "/dev/mqueue/secret"):
            try:
                open(path, "w").write("of the first cell")
            except OSError:
                pass
        try:
            terminal = os.openpty()
        except OSError:
            pass
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("\\0secret")
        listener.listen()
        while not os.path.exists("go"):
            time.sleep(0.01)
    """
    looks = """
        import os, socket
        def found(folder):
            return os.listdir(folder) if os.path.isdir(folder) else []
        for folder in ("/cells", "/dev/shm", "/dev/mqueue", "/dev/pts"):
            assert found(folder) == [], (folder, found(folder))
        assert "secret" not in os.listdir("/tmp") + os.listdir(".")
        others = [p for p in os.listdir("/proc") if p.isdigit() and int(p) not in (1, os.getpid())]
        assert others == [], others
        with socket.socket(socket.AF_UNIX) as caller:
            try:
                caller.connect("\\0secret")
                raise SystemExit("connected")
            except ConnectionRefusedError:
                print("alone")
    """
    with bench(level) as made:
        first = threading.Thread(target=made.cell, args=(waits,))
        first.start()
        (folder,) = _soon(lambda: [path.parent for path in made.folder.glob("cells/*/secret")])
        try:
            second = Bench(made.workers, made.folder / "nothing", made.built, made.said)
            second.folder.mkdir()
            assert second.cell(looks).ok
            assert second.log == "alone\n"
        finally:
            (folder / "go").touch()
            first.join()


@pytest.mark.parametrize("level", HIDING)
def test_what_it_may_not_change(level: str, bench: Made) -> None:
    code = """
        for path in ("model/code.py", "inputs/new", "/worker/new", "/usr/new", "/cells/new", "/new"):
            try:
                open(path, "w")
            except OSError:
                continue
            raise SystemExit(path)
        print("nothing")
    """
    with bench(level) as made:
        made.cell(code)
        assert made.log == "nothing\n"


@pytest.mark.parametrize("level", HIDING)
def test_of_the_machine_it_sees_its_processors_alone(level: str, bench: Made) -> None:
    """What an engine hides of a container is hidden again in the cells that share one."""
    code = """
        import os
        def content(path):
            if not os.path.exists(path):
                return ""
            return "".join(os.listdir(path)) if os.path.isdir(path) else open(path).read()
        hidden = "acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats"
        print([name for name in hidden.split() if content(f"/proc/{name}")])
        print(sorted(os.listdir("/sys")), sorted({"cpu", "node"}.union(os.listdir("/sys/devices/system"))))
        locked = [name for name in ("bus", "fs", "irq", "sys") if os.statvfs(f"/proc/{name}").f_flag & 1]
        print(locked, len(os.sched_getaffinity(0)) == os.cpu_count())
    """
    with bench(level) as made:
        assert made.cell(code).ok
        assert made.log.splitlines() == [
            "[]",
            "['devices'] ['cpu', 'node']",
            "['bus', 'fs', 'irq', 'sys'] True",
        ]


def _soon(look: Callable[[], list[Path]]) -> list[Path]:
    deadline = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found
