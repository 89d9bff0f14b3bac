"""Start a supervisor as process 1 of a container, and know how it ends."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from harness.execute.isolate import container_init
from harness.execute.isolate.container_engine import Engine
from harness.worker import supervisor

INSIDE = "/run/harness"  # where a container finds what it starts with
_INIT = f"{INSIDE}/container_init.py"
_TRIAL = f"import sys; sys.path.insert(0, {INSIDE!r}); import container_init, supervisor"
_HELLO_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_OOM_SECONDS = 2.0  # until the engine has told of it
_CREDENTIALS = struct.Struct("3i")


class Goodbye(msgspec.Struct, frozen=True):
    """The last word of process 1."""

    out_of_memory: bool
    bomb: bool


class ContainerHandle:
    """A supervisor in a container; see :class:`harness.proc.host.Handle`.

    Attributes:
        pid: of process 1 of the container, as this process sees it.
        goodbye: what it said at its end; None if it was killed, or has not ended.
    """

    def __init__(
        self, connection: socket.socket, pid: int, engine: Engine, name: str, *, since: float
    ) -> None:
        self.pid = pid
        self.goodbye: Goodbye | None = None
        self._connection = connection
        self._engine = engine
        self._name = name
        self._since = since
        self._said = b""
        self._ended = False

    @property
    def exit_code(self) -> int | None:
        """0 if it ended by itself; nobody knows else."""
        return 0 if self.goodbye else None

    @property
    def exceeded(self) -> str | None:
        """Of an end: the field of :class:`~harness.limits.Limits` that the engine held the container to."""
        if self.goodbye is None:
            # Nothing inside can kill process 1, but the kernel does when the memory is used up.
            return "memory_bytes" if self._ended and self._told_of_memory() else None
        return "memory_bytes" if self.goodbye.out_of_memory else "processes" if self.goodbye.bomb else None

    def wait(self, seconds: float) -> bool:
        """Wait at most so long; whether it has ended."""
        deadline = time.monotonic() + seconds
        while not self._ended and _readable(self._connection, deadline):
            data = b""
            with suppress(OSError):  # it ended before it had read all that it was told
                data = self._connection.recv(4096)
            self._said += data
            self._ended = not data
        if self._ended:
            self._connection.close()
            with suppress(msgspec.DecodeError):
                self.goodbye = msgspec.json.decode(self._said, type=Goodbye)
        return self._ended

    def resume(self) -> None:
        """Nothing in a container can halt its process 1."""

    def kill(self) -> None:
        """End the container at once."""
        self._engine.remove(self._name)

    def _told_of_memory(self) -> bool:
        deadline = time.monotonic() + _OOM_SECONDS
        while not (told := self._engine.told_of("oom", self._name, since=self._since)):
            if time.monotonic() > deadline:
                break
        return told

    def close(self) -> None:
        """Let nothing of it stay. The engine removes what has ended by itself."""
        self.wait(0.0)
        self._connection.close()
        if self.goodbye is None:
            self.kill()


class ContainerHost:
    """Where one supervisor can be started: a container of its own.

    The pipes to the supervisor are handed to process 1 itself, not to a client of the engine that would copy
    what goes through them: no client is there that could be killed or needs memory.

    Args:
        name: of the container.
        options: of ``docker run``; they show ``folder`` as ``INSIDE``.
        image: what it runs in.
        python: the interpreter of the supervisor, as the container sees it.
        folder: made by :func:`prepare`.
    """

    depth = 0

    def __init__(
        self, engine: Engine, name: str, options: Sequence[str], *, image: str, python: str, folder: Path
    ) -> None:
        self._engine = engine
        self._name = name
        self._options = (*options, "--name", name, "--entrypoint", python, image, "-I", "-S", "-B")
        self._folder = folder
        self._handle: ContainerHandle | None = None

    def start(self, orders: int, reports: int, output: int, *, fds: Sequence[int]) -> ContainerHandle:
        """See :class:`harness.proc.host.Host`.

        Raises:
            OSError: there is no container, or the interpreter does not start in it.
        """
        since = time.time()
        try:
            with _listening(self._folder) as listener:
                answer = self._engine.call("run", "--rm", "--detach", *self._options, _INIT)
                if not answer.ok:
                    raise OSError(f"the Docker engine does not start a container: {answer.error()}")
                connection = self._accept(listener)
            numbers = json.dumps([0, 1, 2, *fds]).encode() + b"\n"
            socket.send_fds(connection, [numbers], [orders, reports, output, *fds])
        except BaseException:
            self._engine.remove(self._name)
            raise
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid = _CREDENTIALS.unpack(peer)[0]
        self._handle = ContainerHandle(connection, pid, self._engine, self._name, since=since)
        return self._handle

    @property
    def exceeded(self) -> str | None:
        """See :class:`ContainerHandle`."""
        return self._handle.exceeded if self._handle else None

    def close(self) -> None:
        """Let nothing of it stay."""
        if self._handle is not None:
            self._handle.close()

    def _accept(self, listener: socket.socket) -> socket.socket:
        """The connection of process 1."""
        deadline = time.monotonic() + _HELLO_SECONDS
        while time.monotonic() < deadline:
            if _readable(listener, time.monotonic() + _LOOK_SECONDS):
                return listener.accept()[0]
            if not self._engine.call("top", self._name).ok:
                said = self._engine.call("run", "--rm", *self._options, "-c", _TRIAL).error()
                raise OSError(f"the environment's interpreter does not start in a container: {said}")
        raise OSError(
            "a container was started, but it cannot reach this process: is the engine on another machine?"
        )


def prepare(folder: Path) -> Path:
    """Lay out what a container starts with in a new folder, in one that keeps other users out."""
    folder.mkdir()
    folder.chmod(0o755)
    for module in (container_init, supervisor):
        assert module.__file__ is not None, "both lie in files"
        Path(shutil.copyfile(module.__file__, folder / Path(module.__file__).name)).chmod(0o444)
    return folder


@contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    """A socket in the folder, whose path may be longer than the kernel allows for sockets."""
    handle = os.open(folder, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{handle}/hello")
            (folder / "hello").chmod(0o666)
            listener.listen(1)
            yield listener
    finally:
        os.close(handle)


def _readable(source: socket.socket, deadline: float) -> bool:
    return bool(select.select([source], [], [], max(0.0, deadline - time.monotonic()))[0])
