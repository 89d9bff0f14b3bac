"""The harness's side of a fork server (see ``harness.worker.forkserver``)."""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from harness import proc
from harness.errors import HarnessError, Interrupted
from harness.execute.isolate.level import Command
from harness.execute.isolate.run import run_confined
from harness.limits import LOG_BYTES, Limits
from harness.proc.host import Handle

READY_SECONDS = 120.0  # TensorFlow on a cold disk
_HELLO_SECONDS = 30.0
_LAST_WORD_SECONDS = 5.0  # from a child's end until the server has said how
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ETOOMANYREFS)
_CREDENTIALS = struct.Struct("3i")


class ServerGoneError(Exception):
    """The server has ended, or cannot fork as it was asked to; the log says why."""


class NotForkedError(Exception):
    """There is no room for one more child just now."""


class ForkServer:
    """A fork server and the processes below it; nothing of it is left after :meth:`close`.

    Args:
        command: the command line that serves on this descriptor.
        log: where its own output goes.
        cancel: set it to give up waiting.

    Raises:
        ServerGoneError: it does not start.
        IsolationError: it cannot be confined.
        Interrupted: ``cancel`` was set.
    """

    def __init__(
        self,
        command: Callable[[int], AbstractContextManager[Command]],
        *,
        log: Path,
        cancel: threading.Event,
    ) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._log = log
        self._cancel = cancel
        self._stopped = threading.Event()
        self._refused: HarnessError | None = None
        self._not_started: OSError | None = None
        self._sending = threading.Lock()
        self._process = threading.Thread(target=self._run, args=(command, theirs), daemon=True)
        self._process.start()
        try:
            ready = _receive(self._requests, READY_SECONDS, self._cancel) == b"ready"
        except BaseException:
            self.close()
            raise
        if not ready:
            self.close()  # it has said why by then
            raise self._why_not_ready()

    def start(self, orders: int, reports: int, output: int, *, separate: Mapping[str, Any] | None) -> Handle:
        """Fork a supervisor of one cell with these as its descriptors 0, 1 and 2.

        Args:
            separate: the namespaces that the child makes for itself, as ``harness.worker.forkserver`` says.

        Raises:
            ServerGoneError: there will be none.
            NotForkedError: the system has no descriptors or memory left for it.
            Interrupted: ``cancel`` was set.
        """
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            request = json.dumps({"separate": separate}).encode()
            with theirs, self._sending:
                socket.send_fds(self._requests, [request], [orders, reports, output, theirs.fileno()])
            pid = _hello(own, self._cancel)
            return _Forked(pid, os.pidfd_open(pid), own, believed=separate is not None)
        except OSError as error:
            own.close()
            if error.errno in _NO_ROOM:
                raise NotForkedError(str(error)) from error
            raise ServerGoneError(f"the fork server is gone ({error}); {self._last_words()}") from error
        except BaseException:
            own.close()
            raise

    def close(self) -> None:
        """End it and everything below it."""
        with self._sending:
            self._requests.close()
        self._stopped.set()
        self._process.join()

    def _run(self, command: Callable[[int], AbstractContextManager[Command]], theirs: socket.socket) -> None:
        try:
            limits = Limits(log_bytes=LOG_BYTES)  # what uses anything are its cells, and those are watched
            with theirs, command(theirs.fileno()) as given:
                run_confined(given, log=self._log, limits=limits, cancel=self._stopped, measured=False)
        except Interrupted:
            return
        except HarnessError as error:
            self._refused = error
        except OSError as error:
            self._not_started = error

    def _why_not_ready(self) -> HarnessError | ServerGoneError:
        return self._refused or ServerGoneError(f"the fork server does not start; {self._last_words()}")

    def _last_words(self) -> str:
        if self._not_started is not None:
            return str(self._not_started)
        lines = proc.tail(self._log).strip().splitlines() if self._log.exists() else []
        return lines[-1] if lines else "it says nothing"


class ForkedCells:
    """A host of supervisors (see :class:`harness.proc.host.Host`) that are forked for one cell."""

    depth = 1  # a fork server has a supervisor, too

    def __init__(self, server: ForkServer, separate: Mapping[str, Any] | None) -> None:
        self._server = server
        self._separate = separate

    def start(self, orders: int, reports: int, output: int, *, fds: Sequence[int]) -> Handle:
        """See :class:`ForkServer`."""
        assert not fds, "a forked worker is handed nothing else"
        return self._server.start(orders, reports, output, separate=self._separate)


class _Forked:
    """A supervisor that is a child of a fork server.

    Args:
        believed: whether what it reports holds although nobody tells how it ended, since the server is
            gone: in namespaces of its own, nothing but the supervisor can reach its pipes.
    """

    def __init__(self, pid: int, descriptor: int, own: socket.socket, *, believed: bool) -> None:
        self.pid = pid
        self._descriptor: int | None = descriptor
        self._own = own
        self._believed = believed
        self._exit_code: int | None = None

    @property
    def exit_code(self) -> int | None:
        return self._exit_code

    def wait(self, seconds: float) -> bool:
        if self._descriptor is None:
            return True
        if not _ready(self._descriptor, seconds):
            return False
        try:
            self._own.settimeout(_LAST_WORD_SECONDS)
            self._exit_code = int(self._own.recv(64))
        except (OSError, ValueError):
            self._exit_code = 0 if self._believed else None
        self._own.close()
        os.close(self._descriptor)
        self._descriptor = None
        return True

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._descriptor is not None:
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self._descriptor, number)


def _hello(own: socket.socket, cancel: threading.Event) -> int:
    """The id of the child, as this process sees it: the kernel translates it."""
    if not _readable(own, _HELLO_SECONDS, cancel):
        raise ServerGoneError("the fork server does not fork")
    text, ancillary, _, _ = own.recvmsg(1000, socket.CMSG_SPACE(_CREDENTIALS.size))
    for level, kind, data in ancillary:
        if (level, kind, text) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, b"hello"):
            pid: int = _CREDENTIALS.unpack(data[: _CREDENTIALS.size])[0]
            return pid
    if text == b"busy":
        raise NotForkedError("the system has no room for another process")
    why = text.decode("utf-8", "replace") or "it is gone"
    raise ServerGoneError(f"the fork server cannot fork as it was asked to ({why})")


def _receive(source: socket.socket, seconds: float, cancel: threading.Event) -> bytes:
    """The next message; b"" if the other end was closed or says nothing for so long."""
    return source.recv(64) if _readable(source, seconds, cancel) else b""


def _readable(source: socket.socket, seconds: float, cancel: threading.Event) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if cancel.is_set():
            raise Interrupted("stopped by the user")
        if _ready(source.fileno(), 0.1):
            return True
    return False


def _ready(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read; ``select`` would refuse high numbers."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(1000 * seconds))
