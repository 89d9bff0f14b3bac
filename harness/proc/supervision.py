"""The harness's side of a supervisor: the job, the output, stopping it, cleaning up should it be killed."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from io import BufferedReader
from types import TracebackType

import msgspec
import psutil

from harness.limits import Limits
from harness.proc import mark
from harness.proc.host import Host
from harness.proc.tree import Tree
from harness.worker import supervisor

_STOP_SECONDS = supervisor.GRACE_SECONDS + supervisor.KILL_SECONDS + 1.0
_SWEEP_SECONDS = 5.0
_OUTPUT_SECONDS = 1.0  # for what is in the pipe once everything has ended


class Started(msgspec.Struct, frozen=True, tag_field="event", tag="started"):
    """The command runs. Its id is that of its supervisor's view."""

    pid: int


class Refused(msgspec.Struct, frozen=True, tag_field="event", tag="refused"):
    """The system would not start the command."""

    errno: int
    filename: str | None


class Ended(msgspec.Struct, frozen=True, tag_field="event", tag="ended"):
    """The command has ended, and so has all that it started. A code below zero is the number of a signal."""

    code: int
    cpu_seconds: float
    peak_memory_bytes: int


Report = list[Started | Refused | Ended]


class Supervision:
    """One command below its supervisor. When the ``with`` block is left, nothing of it runs.

    Attributes:
        tree: the command and all that it started.
    """

    def __init__(
        self,
        job: Mapping[str, object],
        *,
        host: Host,
        limits: Limits,
        output: Callable[[bytes], None],
        fds: Sequence[int] = (),
    ) -> None:
        self._mark = mark.new(host.depth)
        self._report: Report = []
        orders, told = os.pipe()
        self._reports, reports = os.pipe()
        log, written = os.pipe()
        if sys.platform != "win32":
            os.fchmod(written, 0o666)  # a worker of another user may open /dev/stderr anew
        self._orders: int | None = told
        try:
            self._process = host.start(orders, reports, written, fds=fds)
        except BaseException:
            for end in (told, self._reports, log):
                os.close(end)
            raise
        finally:
            for end in (orders, reports, written):
                os.close(end)
        self.tree = Tree(self._process.pid)
        self._copier = threading.Thread(target=_copy, args=(os.fdopen(log, "rb"), output), daemon=True)
        self._copier.start()
        self._tell(json.dumps({**job, "fds": fds, "rlimits": _rlimits(limits, self._mark)}).encode())

    def __enter__(self) -> Supervision:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        self._report = _read_report(self._reports)
        if self._process.exit_code != 0 or sys.platform != "linux":  # elsewhere it does not get the orphans
            self._sweep()
        self._copier.join(_OUTPUT_SECONDS)  # longer only if a process that cannot be killed holds the pipe

    def result(self) -> Ended | None:
        """How the command ended, once the block is left; None if its supervisor was killed.

        Raises:
            OSError: the command was never started.
        """
        match self._process.exit_code, self._report:
            case 0, [Refused(errno=number, filename=name)]:
                raise OSError(number, os.strerror(number), name)
            case 0, [Started(), *_, Ended() as ended]:
                return ended
            case int(code), [] if code > 0:
                raise OSError(f"{sys.executable}: no supervisor can be started; the log says why")
            case _:
                return None

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it has come. A supervisor that was halted goes on."""
        self._process.resume()
        self._copier.join(seconds)  # the supervisor is the last to let go of the output
        return self._process.wait(0.0 if self._copier.is_alive() else seconds)

    def stop(self, *, at_once: bool = False) -> None:
        """End everything that still runs. The command is asked first (SIGTERM), unless ``at_once``."""
        if at_once:
            self._tell(b"kill")
        self._close_orders()
        deadline = time.monotonic() + _STOP_SECONDS
        while not self.wait(0.05):
            if time.monotonic() > deadline:
                self._process.kill()

    def _close_orders(self) -> None:
        if self._orders is not None:
            os.close(self._orders)
            self._orders = None

    def _tell(self, line: bytes) -> None:
        if self._orders is not None:
            with contextlib.suppress(OSError):  # it is gone
                _write_all(self._orders, line + b"\n")

    def _sweep(self) -> None:
        """Kill without a supervisor: what was seen below it, what bears the mark, and the command's group."""
        deadline = time.monotonic() + _SWEEP_SECONDS
        while time.monotonic() < deadline:
            self.tree.look()
            left = [*self.tree.running(), *mark.bearers(self._mark)]
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            self._kill_group()
            if not left:
                return
            time.sleep(0.005)

    def _kill_group(self) -> None:
        if sys.platform in ("linux", "win32"):  # the mark says it better; there are no groups
            return
        for event in self._report[:1]:
            if isinstance(event, Started):
                with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing of it is left
                    os.killpg(event.pid, signal.SIGKILL)


def _rlimits(limits: Limits, bearing: int) -> dict[str, tuple[int, int]]:
    """What the system itself can enforce, for each process: soft and hard limit by name."""
    rlimits = {"RLIMIT_CORE": (0, 0), mark.RLIMIT: (bearing, bearing)}
    if limits.file_bytes is not None:
        rlimits["RLIMIT_FSIZE"] = (limits.file_bytes, limits.file_bytes)
    if limits.cpu_seconds is not None:  # should nobody look in time
        seconds = math.ceil(limits.cpu_seconds) + 1
        rlimits["RLIMIT_CPU"] = (seconds, seconds + 1)
    return rlimits


def _copy(source: BufferedReader, output: Callable[[bytes], None]) -> None:
    with source:
        while data := source.read1(2**16):
            output(data)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read_report(descriptor: int) -> Report:
    """What the supervisor has written, and nothing if that is no report: the command may reach this pipe."""
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        if sys.platform != "win32":
            os.set_blocking(descriptor, False)  # something else may hold the other end
        text = stream.read(2**16) or b""
    try:
        return [msgspec.json.decode(line, type=Started | Refused | Ended) for line in text.splitlines()]
    except msgspec.DecodeError:
        return []
