"""The only place that starts a process: own process group, time-out, captured log, everything gone after."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.errors import Interrupted

_POLL_SECONDS = 0.01
_GRACE_SECONDS = 2.0
_MARK = "HARNESS_PROCESS"


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended.

    Attributes:
        exit_code: the code it chose; None if a signal ended it.
        signal: name of the signal that ended it ("SIGSEGV"), or None.
        timed_out: whether it was killed for reaching its limit.
        seconds: wall time.
        peak_memory_bytes: largest resident set of the process itself; 0 where it cannot be known.
    """

    exit_code: int | None
    signal: str | None
    timed_out: bool
    seconds: float
    peak_memory_bytes: int

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.exit_code == 0 and not self.timed_out


def run(
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float,
    cancel: threading.Event | None = None,
) -> Finished:
    """Run a command to its end; its output (both streams) is appended to ``log``.

    The process leads its own group, and the whole group is killed when the process has ended, at the time-out
    (seconds of wall time), and when ``cancel`` is set. On Linux, descendants that left the group are found by
    a mark in their environment and killed, too. Nothing is read from standard input.

    Raises:
        OSError: the program cannot be started.
        Interrupted: ``cancel`` was set.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    mark = secrets.token_hex(16)
    with log.open("ab") as stream:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**env, _MARK: mark},
            start_new_session=True,
        )
    timed_out = False
    try:
        ended = _wait(process, deadline=started + timeout, cancel=cancel)
        if ended is None:
            timed_out = True
            ended = _stop(process)
    except BaseException:
        _stop(process)
        raise
    finally:
        _kill_group(process.pid)
        _kill_marked(mark)
    code, peak = ended
    return Finished(
        exit_code=code if code >= 0 else None,
        signal=_signal_name(-code) if code < 0 else None,
        timed_out=timed_out,
        seconds=time.monotonic() - started,
        peak_memory_bytes=peak,
    )


def tail(log: Path, *, lines: int = 12, limit: int = 4000) -> str:
    """The last lines of a log as text, at most ``limit`` characters; empty if there is no log."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - limit))
            data = stream.read()
    except OSError:
        return ""
    text = data.decode("utf-8", errors="replace")
    return "\n".join(line.rstrip() for line in text.splitlines()[-lines:] if line.strip())


def _wait(
    process: subprocess.Popen[bytes], *, deadline: float, cancel: threading.Event | None
) -> tuple[int, int] | None:
    """Exit status (negative: signal) and peak memory; None at the deadline. Raises Interrupted."""
    while (ended := _reap(process)) is None:
        if cancel is not None and cancel.is_set():
            raise Interrupted("stopped by the user")
        if time.monotonic() >= deadline:
            return None
        time.sleep(_POLL_SECONDS)
    return ended


def _reap(process: subprocess.Popen[bytes]) -> tuple[int, int] | None:
    """Collect the process if it has ended, with its resource usage where the system tells it."""
    if not hasattr(os, "wait4"):  # Windows
        code = process.poll()
        return None if code is None else (code, 0)
    if process.returncode is not None:
        return process.returncode, 0
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if pid == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return process.returncode, usage.ru_maxrss * unit


def _stop(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Ask the group to end, then kill it."""
    for ask in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        _kill_group(process.pid, ask)
        deadline = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < deadline:
            if (ended := _reap(process)) is not None:
                return ended
            time.sleep(_POLL_SECONDS)
    return process.wait(), 0


def _kill_group(pid: int, what: int | None = None) -> None:
    if not hasattr(os, "killpg"):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing of the group is left
        os.killpg(pid, signal.SIGKILL if what is None else what)


def _kill_marked(mark: str) -> None:
    """Kill every process of this user that inherited the mark; a second look catches what was just forked."""
    for _ in range(2):
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):  # another user's, or gone
                if f"{_MARK}={mark}".encode() in environ.read_bytes():
                    os.kill(int(environ.parent.name), signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
