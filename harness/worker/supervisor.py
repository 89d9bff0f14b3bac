"""Between the harness and one command: it starts it and sees to it that nothing is left.

It is a program of its own (``python supervisor.py``), or a child of a fork server. Either way it is told and
tells everything by its three descriptors:

    0   one line, the job as JSON: argv, env, cwd and rlimits ({"RLIMIT_CORE": [soft, hard], ...}). Later
        the line "kill" (stop everything at once) or the end of input (ask with SIGTERM first): the harness
        wants the command to stop, or is gone.
    1   a report of one or two lines of JSON: {"event": "started", "pid"}, then {"event": "ended", "code",
        "cpu_seconds", "peak_memory_bytes"}; or else {"event": "refused", "errno", "filename"}. A code below
        zero is the number of a signal.
    2   where the output of the command goes.

On Linux it is a child subreaper: whatever the command leaves behind becomes its child, and is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any, Callable

GRACE_SECONDS = 2.0  # between SIGTERM and SIGKILL
KILL_SECONDS = 5.0  # for what does not die of SIGKILL at once: it waits for a device
LISTS_CHILDREN = os.path.exists("/proc/thread-self/children")
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows only one way
_PR_SET_CHILD_SUBREAPER = 36
_ENDING: set[int] = set()
_AS_IN_PYTHON: dict[int, Any] = {signal.SIGINT: signal.default_int_handler}
if sys.platform != "win32":
    _KEPT = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
    _ENDING = {int(number) for number in signal.valid_signals() if number not in _KEPT}
    _AS_IN_PYTHON.update({signal.SIGPIPE: signal.SIG_IGN, signal.SIGXFSZ: signal.SIG_IGN})


def main() -> None:
    """Run one job to its end."""
    supervise(_start)


def supervise(start: Callable[[dict[str, Any]], Command]) -> None:
    """Read the job, start what it names, and end all of it.

    Args:
        start: gives a new child of this process, which leads a session of its own. An OSError says that it
            cannot be had.
    """
    job = json.loads(_read_line())
    _adopt_orphans()
    _set_rlimits(job["rlimits"])
    try:
        command = start(job)
    except OSError as error:
        _report("refused", errno=error.errno, filename=error.filename)
        return
    try:
        _report("started", pid=command.pid)
        threading.Thread(target=_obey, args=(command,), daemon=True).start()
        code = command.wait()
    finally:
        command.kill_group()
        _kill_children()
    _report("ended", code=code, **_usage())


class Command:
    """A child of this process and the group that it leads."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = False

    def wait(self) -> int:
        """Its exit code; orphans that end meanwhile are reaped."""
        while True:
            pid, status = os.wait()
            if pid == self.pid:
                self._ended = True
                return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def signal(self, number: int) -> None:
        """Send a signal to its group, unless it has ended."""
        if not self._ended:
            self._signal_group(number)

    def kill_group(self) -> None:
        """Kill what is left of its group."""
        self._signal_group(_KILL)

    def _signal_group(self, number: int) -> None:
        # A session's leader cannot leave its group, and a group is signalled as one: nobody forks in between.
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing of it is left
            os.killpg(self.pid, number)


class _WindowsCommand(Command):
    """A child where there are no groups."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(process.pid)
        self._process = process

    def wait(self) -> int:
        return self._process.wait()

    def _signal_group(self, number: int) -> None:  # noqa: ARG002  there is one way
        self._process.terminate()


def _start(job: dict[str, Any]) -> Command:
    command = subprocess.Popen(
        job["argv"],
        stdin=subprocess.DEVNULL,
        stdout=2,
        stderr=subprocess.STDOUT,
        env=job["env"],
        cwd=job["cwd"],
        pass_fds=job["fds"],
        start_new_session=True,
    )
    if sys.platform == "win32":
        return _WindowsCommand(command)
    command.returncode = 0  # Command waits for it
    return Command(command.pid)


def stand_firm() -> None:
    """Let no signal from inside its namespace end this process, which is process 1 there.

    The kernel drops those for which process 1 has no handler, but not while the main thread blocks them, as
    it does to start another thread: then one that would end any process ends this one, too. Unlike SIG_IGN, a
    handler is not inherited by what is executed; what is only forked calls :func:`give_way`.
    """
    for number in _ENDING:
        signal.signal(number, lambda *_: None)


def give_way() -> None:
    """Let signals have the effect again that they have in a new interpreter."""
    for number in _ENDING:
        signal.signal(number, _AS_IN_PYTHON.get(number, signal.SIG_DFL))


def listed_children(pid: int) -> list[int]:
    """The children of a process, from the lists of its threads. Empty if it is gone.

    The kernel may leave one out while another one ends.
    """
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as children:
            found += map(int, children.read().split())
    return found


def searched_children(pid: int) -> list[int]:
    """The children of a process, from the parents of all processes. Empty where there is no /proc."""
    found: list[int] = []
    everything = os.listdir("/proc") if os.path.isdir("/proc") else []
    for name in filter(str.isdigit, everything):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
            parent = stat.read().rsplit(b")", 1)[1].split()[1]
            if int(parent) == pid:
                found.append(int(name))
    return found


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _set_rlimits(rlimits: dict[str, tuple[int, int]]) -> None:
    """Set them here, for the command to inherit; those that this system does not have are left out."""
    if sys.platform == "win32":
        return
    import resource

    for name, (soft, hard) in rlimits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        highest = resource.getrlimit(kind)[1]
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)  # noqa: PLW2901
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (soft, hard))


def _obey(command: Command) -> None:
    """Stop the command when the harness says so or is gone; the main thread does the rest."""
    if _read_line() != b"kill\n":
        command.signal(signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
    command.signal(_KILL)


def _read_line() -> bytes:
    """The next line of descriptor 0, without buffering more of it; b"" at its end."""
    line = b""
    while not line.endswith(b"\n"):
        data = os.read(0, 1)
        if not data:
            return b""
        line += data
    return line


def _kill_children() -> None:
    """Kill until no child is left: the children of what is killed become children of this process."""
    if os.getpid() == 1:  # all that exists here are descendants
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(-1, _KILL)
    own = listed_children if LISTS_CHILDREN else searched_children
    deadline = time.monotonic() + KILL_SECONDS
    while _reap() and time.monotonic() < deadline:
        for pid in own(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, _KILL)
        time.sleep(0.0005)


def _reap() -> bool:
    """Collect the children that have ended; whether there are others."""
    if sys.platform == "win32":
        return False
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _usage() -> dict[str, float]:
    """Of the command and of all that were reaped. No peak is below this program's own size: it was forked."""
    if sys.platform == "win32":
        return {"cpu_seconds": 0.0, "peak_memory_bytes": 0}
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_memory_bytes": used.ru_maxrss * unit}


def _report(event: str, **what: object) -> None:
    with contextlib.suppress(OSError):  # the harness is gone
        os.write(1, json.dumps({"event": event, **what}).encode() + b"\n")


if __name__ == "__main__":
    main()
    os._exit(0)  # the other thread waits for input, and Python would wait for it
