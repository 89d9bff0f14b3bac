"""What the tests of containers share: a real engine, and running Python code in a container."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from harness import proc
from harness.cell import Backend, EnvironmentRef
from harness.environments.built import BuiltEnvironment
from harness.errors import IsolationError
from harness.execute.isolate.container import Container, container
from harness.execute.isolate.container_engine import LABEL, Engine, connect, owner
from harness.execute.isolate.environment import environment_mounts
from harness.execute.isolate.level import Mount
from harness.execute.isolate.run import run_confined
from harness.limits import Limits

PYTHON = Path(sys.executable)
PYTHON_OF_IMAGE = Path("/usr/bin/python3")


@functools.cache
def engine() -> Engine:
    """The engine of this machine; without one the test is skipped."""
    try:
        return connect()
    except IsolationError as error:
        pytest.skip(f"needs Docker: {error}")


@functools.cache
def confinement() -> Container:
    """Containers of that engine."""
    engine()
    return container()


def run(
    code: str,
    folder: Path,
    *,
    limits: Limits | None = None,
    watched: Limits | None = None,
    mounts: Sequence[Mount] = (),
    cancel: threading.Event | None = None,
    fds: Sequence[int] = (),
    inside: Container | None = None,
    python: Path = PYTHON,
) -> proc.Finished:
    """Run Python code in a container, with its output in the file "log" of a folder that it sees as /cell.

    Args:
        limits: of the engine and of the harness.
        watched: those of the harness, if they differ.
    """
    cell = folder / "cell"
    cell.mkdir(exist_ok=True)
    inside = inside or confinement()
    inside.hand_over(cell)
    limits = limits or Limits(seconds=60, memory_bytes=2**30, processes=64)
    own = Mount(source=cell, target="/cell", writable=True)
    with inside.command(
        [str(python), "-I", "-S", "-B", "-c", code],
        env={"LANG": "C.UTF-8"},
        mounts=(*environment_mounts(python), own, *mounts),
        cwd="/cell",
        fds=fds,
        limits=limits,
    ) as command:
        return run_confined(command, log=folder / "log", limits=watched or limits, cancel=cancel)


def environment_of_image(folder: Path, image: str) -> BuiltEnvironment:
    """An environment that is no more than this image, with a Python of its own."""
    return BuiltEnvironment(
        ref=EnvironmentRef(name="image", backend=Backend.DOCKER, digest="0" * 64),
        prefix=folder,
        python=PYTHON_OF_IMAGE,
        python_version="3.11",
        packages={},
        variables={},
        seconds=0.0,
        size_bytes=0,
        log=folder / "log",
        fresh=False,
        image=image,
    )


def containers(pid: int | None = None) -> set[str]:
    """The names of all that a process has started, in whatever state. Other tests may have theirs.

    Args:
        pid: of the process; None for this one.
    """
    shown = f'{{{{.Names}}}} {{{{.Label "{LABEL}"}}}}'
    listed = engine().call("ps", "--all", "--filter", f"label={LABEL}", "--format", shown)
    assert listed.ok, listed.output
    names_and_owners = (line.split() for line in listed.output.splitlines())
    return {name for name, of in names_and_owners if of.split("/")[-2:-1] == [str(pid or os.getpid())]}


def own_containers() -> list[str]:
    """The names of those that run for this process."""
    label = f"label={LABEL}={owner()}"
    return engine().call("ps", "--filter", label, "--format", "{{.Names}}").output.split()


def inside(name: str) -> list[psutil.Process]:
    """The processes of a container, its process 1 first; none once it has ended."""
    listed = engine().call("top", name, "-eo", "pid")
    if "is not running" in listed.output or "No such container" in listed.output:
        return []
    assert listed.ok, listed.output
    return [psutil.Process(int(pid)) for pid in listed.output.split()[1:]]


class OwnEngine:
    """An engine of the test's own, that may be stopped; commands find it by DOCKER_HOST.

    Args:
        folder: for all that it keeps; its path is short, as a socket in it needs.
    """

    def __init__(self, folder: Path) -> None:
        self.host = f"unix://{folder}/socket"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        kept = [f"--{what}={self._folder / what}" for what in ("data-root", "exec-root", "pidfile")]
        alone = ("--iptables=false", "--ip6tables=false")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # In a network of its own, for it would take the bridge of another engine away.
                ["unshare", "--net", "dockerd", *kept, *alone, "--host", self.host],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while subprocess.run(["docker", "-H", self.host, "ps"], capture_output=True, check=False).returncode:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def end(self, how: signal.Signals) -> None:
        """Stop it, or kill it."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(60)


@pytest.fixture
def own_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnEngine]:
    """A running one; everything else in the test uses it, too."""
    with running_engine(monkeypatch) as own:
        yield own


@contextmanager
def running_engine(patch: pytest.MonkeyPatch, *, disk_bytes: int | None = None) -> Iterator[OwnEngine]:
    """See :func:`own_engine`.

    Args:
        disk_bytes: how much room it has, if that matters.
    """
    if os.getuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("needs root and dockerd")
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        own, data = OwnEngine(Path(name)), Path(name, "data-root")
        if disk_bytes is not None:
            data.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk_bytes}", "tmpfs", data], check=True)
        try:
            own.start()
            patch.setenv("DOCKER_HOST", own.host)
            yield own
        finally:
            own.end(signal.SIGTERM)
            unmount = ["umount", str(data)]  # which it leaves mounted when it is killed
            while subprocess.run(unmount, capture_output=True, check=False).returncode == 0:
                pass


def assert_none(pid: int | None = None, *, within: float = 10.0) -> None:
    """After so many seconds there is no container of a process; see :func:`containers`."""
    deadline = time.monotonic() + within
    while left := containers(pid):
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.1)
