"""Run one command within limits."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from harness.errors import Interrupted
from harness.limits import Limits
from harness.proc.host import Host, OwnProcess
from harness.proc.log import Log
from harness.proc.supervision import Supervision
from harness.proc.watch import Watch


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended.

    Attributes:
        exit_code: the code it chose; None if a signal ended it.
        signal: name of the signal that ended it ("SIGSEGV"), or None.
        limit: the field of :class:`~harness.limits.Limits` for which it was ended, or None.
        seconds: wall time, until nothing of it was left.
        cpu_seconds: processor time, summed over it and all that it started.
        peak_memory_bytes: the largest sum of resident memory at one moment, at least that of one process.
        supervised: False if its supervisor was killed, most likely by the process itself. Then nothing is
            known of how it ended: no exit code, no signal.
    """

    exit_code: int | None
    signal: str | None
    limit: str | None
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    supervised: bool

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.exit_code == 0 and self.limit is None

    @property
    def timed_out(self) -> bool:
        """Whether it was ended for its wall time."""
        return self.limit == "seconds"


def run(
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    limits: Limits,
    folders: Sequence[Path] = (),
    cancel: threading.Event | None = None,
    fds: Sequence[int] = (),
) -> Finished:
    """Run a command to its end, and end with it everything that it started.

    On Linux that holds whatever a process does to hide; elsewhere for its group and for what was seen below
    it. All is ended, too, when a limit is exceeded, when ``cancel`` is set, and when the harness is killed. A
    command that reaches its wall time or is cancelled may clean up for two seconds after SIGTERM.

    Usage is sampled about every 50 ms (folders: every 0.5 s), so what is summed may exceed its limit for that
    long. The limit on a single file is the system's: a write fails with EFBIG, or the process that writes
    dies of SIGXFSZ.

    Args:
        log: where the output (both streams) is appended, as much of it as ``limits.log_bytes`` allows.
        env: the whole environment.
        folders: what counts for ``limits.disk_bytes``.
        fds: descriptors that the command keeps under their numbers.

    Raises:
        OSError: the program cannot be started, or the log cannot be written.
        Interrupted: ``cancel`` was set.
    """
    job = {"argv": list(argv), "env": dict(env), "cwd": os.fspath(cwd)}
    return supervise(job, OwnProcess(), log=log, limits=limits, folders=folders, cancel=cancel, fds=fds)


def supervise(
    job: Mapping[str, object],
    host: Host,
    *,
    log: Path,
    limits: Limits,
    folders: Sequence[Path] = (),
    cancel: threading.Event | None = None,
    fds: Sequence[int] = (),
    measured: bool = True,
) -> Finished:
    """As :func:`run`, for whatever job a supervisor of that host understands.

    Args:
        measured: whether to look at what it uses while it runs; without, no limit but that on time is held.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with Log(log, limits.log_bytes) as record:
        with Supervision(job, host=host, limits=limits, output=record.write, fds=fds) as supervision:
            watch = Watch(supervision.tree if measured else None, limits, folders)
            limit = _wait(supervision, watch, cancel)
            if limit is not None:
                supervision.stop(at_once=limit != "seconds")
        ended = supervision.result()
    tree = supervision.tree
    code = ended.code if ended else None
    name = _signal_name(-code) if code is not None and code < 0 else None
    cpu_seconds = max(tree.cpu_seconds, ended.cpu_seconds if ended else 0.0)
    return Finished(
        exit_code=code if name is None else None,
        signal=name,
        limit=limit or _limit_of(name, limits, cpu_seconds=cpu_seconds),
        seconds=time.monotonic() - started,
        cpu_seconds=cpu_seconds,
        peak_memory_bytes=max(tree.peak_memory_bytes, ended.peak_memory_bytes if ended else 0),
        supervised=ended is not None,
    )


def _wait(supervision: Supervision, watch: Watch, cancel: threading.Event | None) -> str | None:
    """Wait for the end; the limit that is exceeded first, if one is. Raises Interrupted."""
    while not supervision.wait(watch.pause):
        if cancel is not None and cancel.is_set():
            raise Interrupted("stopped by the user")
        if limit := watch.exceeded():
            return limit
    return None


def _limit_of(name: str | None, limits: Limits, *, cpu_seconds: float) -> str | None:
    """The limit for which the system itself sent the signal, if it did."""
    if name == "SIGXFSZ" and limits.file_bytes is not None:
        return "file_bytes"
    # The kernel counts the time of this signal in ticks: by its finer clock less may have been used.
    enough = {"SIGXCPU": 0.5, "SIGKILL": 1.0}.get(name or "")
    if limits.cpu_seconds is not None and enough and cpu_seconds >= enough * limits.cpu_seconds:
        return "cpu_seconds"
    return None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
