"""Cells that share a container, and what becomes of it."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness import proc
from harness.execute.isolate import container as container_module
from harness.execute.isolate.container import Container, container
from harness.execute.isolate.level import PROCESSES
from harness.limits import Limits
from tests.conftest import ROOT
from tests.execute.isolate.containers import (
    OwnEngine,
    assert_none,
    confinement,
    containers,
    engine,
    inside,
    own_containers,
    own_engine,
)
from tests.execute.warm.conftest import Bench

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")]

Made = Callable[..., AbstractContextManager[Bench]]
MIB = 2**20
WAITS = "import time; print('up', flush=True); time.sleep(600)"
SHARES = "import os; print('shares' if os.path.exists('/cells') else 'alone')"
__all__ = ["own_engine"]


def test_there_is_one_for_all_cells_of_an_environment(bench: Made) -> None:
    with bench("container") as made:
        for _ in range(3):
            assert made.cell(SHARES).ok
            assert made.log == "shares\n"
            assert len(containers()) == 1
    assert_none()


@pytest.mark.parametrize("how", [{"one_container_per_cell": True}, {"fork": False}])
def test_each_cell_has_its_own_if_that_is_wanted(how: dict[str, bool], bench: Made) -> None:
    with bench("container", **how) as made:
        for _ in range(2):
            assert made.cell(SHARES).ok
            assert made.log == "alone\n"
            assert_none()
        assert made.said == []


def test_elsewhere_it_changes_nothing_that_each_has_its_own(bench: Made) -> None:
    with bench("sandbox", one_container_per_cell=True) as made:
        assert made.cell(SHARES).ok
        assert made.log == "shares\n"


def test_how_the_engine_holds_them(bench: Made) -> None:
    with bench("container") as made:
        assert made.cell("pass").ok
        (name,) = own_containers()
        inspected = engine().call("inspect", "--format", "{{json .HostConfig}}", name)
        user = engine().call("inspect", "--format", "{{.Config.User}}", name).output.strip()
    held: dict[str, Any] = json.loads(inspected.output)
    total = psutil.virtual_memory().total
    assert 0.8 * total < held["Memory"] < total
    assert PROCESSES < held["PidsLimit"] < 2 * (os.cpu_count() or 1) * PROCESSES + 10
    assert (held["NetworkMode"], held["IpcMode"], held["PidMode"]) == ("none", "private", "")
    assert (held["ReadonlyRootfs"], held["CapDrop"], held["CapAdd"]) == (True, ["ALL"], None)
    assert "no-new-privileges" in held["SecurityOpt"]
    assert not any(option == "seccomp=unconfined" for option in held["SecurityOpt"])
    assert user.split(":")[0] not in ("", "0", "root")


def test_cells_that_use_up_the_memory_of_all_are_not_blamed(
    bench: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel ends one; the others and the server go on."""
    small = Limits(memory_bytes=300 * MIB, processes=200)
    monkeypatch.setattr(container_module, "_together", lambda: small)
    hog = "x = bytearray(2**30)"
    with bench("container") as made:
        assert made.cell("pass").ok
        (before,) = own_containers()
        done = made.cell(hog, limits=Limits(seconds=60))
        assert (done.exit_code, done.signal, done.limit, done.supervised) == (None, "SIGKILL", None, True)
        assert made.cell("pass").ok
        assert own_containers() == [before]


def test_one_that_is_removed_is_replaced_and_no_cell_is_blamed(bench: Made) -> None:
    with bench("container") as made:
        assert made.cell("print('kept')").ok
        (name,) = own_containers()
        killing = _once_up(made, lambda: engine().remove(name))
        done = made.cell(WAITS)
        killing.join()
        assert (done.supervised, done.exit_code, done.limit) == (False, None, None)
        assert made.cell("pass").ok
        assert made.said == []
        (new,) = own_containers()
        assert new != name
    assert_none()


class Unhelpful(Container):
    """As one is on a machine that forbids namespaces, or by an engine that always hides a part of /proc."""

    left: tuple[str, ...] = ()

    def allowing_namespaces(self, folder: Path) -> tuple[str, ...]:
        wanted = super().allowing_namespaces(folder)
        pairs = zip(wanted[::2], wanted[1::2], strict=True)
        return tuple(word for pair in pairs if pair[1].startswith(self.left) for word in pair)


@pytest.mark.parametrize(
    ("left", "why"), [((), "unshare"), (("seccomp",), "mount /proc"), (("systempaths",), "unshare")]
)
def test_where_no_namespaces_can_be_made_each_cell_has_its_own(
    left: tuple[str, ...], why: str, bench: Made
) -> None:
    unhelpful = copy.copy(confinement())
    unhelpful.__class__ = Unhelpful
    unhelpful.__dict__["left"] = left
    with bench("container", confinement=unhelpful) as made:
        for _ in range(2):
            assert made.cell(SHARES).ok
            assert made.log == "alone\n"
        (said,) = made.said
        assert said.startswith(
            "little: a new container for each cell from here on, since the fork server cannot"
        )
        assert why in said
        assert "\n" not in said
        assert_none()


HARNESS = """
import sys
from pathlib import Path
from tests.execute.warm.conftest import workbench
with workbench(Path(sys.argv[1]), "container") as made:
    made.cell(sys.argv[2])
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    os.fork()
print("up", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_the_harness(how: signal.Signals, tmp_path: Path) -> None:
    harness = subprocess.Popen([sys.executable, "-c", HARNESS, str(tmp_path), STUBBORN], cwd=ROOT)
    _wait_for(lambda: proc.tail(tmp_path / "log").startswith("up"), harness)
    (name,) = containers(harness.pid)
    processes = inside(name)
    assert len(processes) > 6
    harness.send_signal(how)
    assert harness.wait(10) == -how
    assert psutil.wait_procs(processes, timeout=20)[1] == []
    assert_none(harness.pid)


def test_a_stopped_engine(own_engine: OwnEngine, bench: Made) -> None:
    """It ends its containers; until it is there again there are no others, and nothing of them is left."""
    with bench("container", confinement=container()) as made:
        assert made.cell("print('kept')").ok
        (name,) = containers()
        processes = inside(name)
        stopping = _once_up(made, lambda: own_engine.end(signal.SIGTERM))
        done = made.cell(WAITS)
        stopping.join()
        assert (done.supervised, done.limit) == (False, None)
        assert psutil.wait_procs(processes, timeout=5)[1] == []
        with pytest.raises(OSError, match=r"does not start a container: it does not answer"):
            made.cell("pass")
        (said,) = made.said
        assert "it does not answer: start it" in said
        own_engine.start()
        assert containers() == set()
        assert made.cell("pass").ok


def test_a_killed_engine(own_engine: OwnEngine, bench: Made) -> None:
    """Its containers go on, and end with the run."""
    with bench("container", confinement=container()) as made:
        assert made.cell("pass").ok
        (name,) = containers()
        processes = inside(name)
        killing = _once_up(made, lambda: own_engine.end(signal.SIGKILL))
        done = made.cell("import time; print('up', flush=True); time.sleep(2); print('down')")
        killing.join()
        assert done.ok
        assert made.cell("pass").ok
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    own_engine.start()
    assert_none()


def _once_up(made: Bench, do: Callable[[], object]) -> threading.Thread:
    """Do it once the next cell has said "up"."""
    made.log_file.unlink(missing_ok=True)

    def run() -> None:
        _wait_for(lambda: proc.tail(made.log_file) == "up")
        do()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _wait_for(what: Callable[[], object], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert process is None or process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
