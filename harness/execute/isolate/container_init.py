"""Process 1 of a container: the supervisor of a command, out of reach for all that runs beside it.

    python -I -S -B container_init.py

It is a guest in a foreign interpreter, like the worker: standard library only, Python 3.8 and later. Beside
it lie the supervisor (``supervisor.py``, see :mod:`harness.worker.supervisor`) and a socket, ``hello``, to
which it connects first. So the harness learns its id on the machine, and answers with a list of numbers
(JSON, one line) and as many descriptors, which get these numbers: 0, 1 and 2 of the supervisor, and those
that the command keeps. They are pipes of the harness itself: when it is gone, however that happened, the
supervisor reads the end of input and ends everything.

Once all has ended it says goodbye (JSON, one line): {"out_of_memory": whether the kernel has killed a process
in the container because of its limit of memory, "bomb": whether everything was ended because it asked for new
processes or threads again and again although the limit was reached, which leaves no time to anybody}.
"""
# ruff: noqa: PLC0415, PTH120, PTH123 old Pythons, and every import is part of what each container costs

from __future__ import annotations

import array
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time

_PR_SET_DUMPABLE = 4
_MOST_FDS = 64
_PAUSE = 0.05  # seconds
_REFUSED_TASKS = 100
# Where the kernel counts, by control groups of version 2 and of version 1.
_MEMORY = (
    ("/sys/fs/cgroup/memory.events", "oom_kill"),
    ("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill"),
)
_TASKS = (("/sys/fs/cgroup/pids.events", "max"), ("/sys/fs/cgroup/pids/pids.events", "max"))


def main() -> None:
    """Say hello, supervise one job, say goodbye."""
    folder = os.path.dirname(__file__)
    sys.path.insert(0, folder)
    import supervisor  # type: ignore[import-not-found]

    _keep_others_out()
    supervisor.stand_firm()
    with socket.socket(socket.AF_UNIX) as harness:
        harness.connect(folder + "/hello")
        _place(*_receive(harness))
        bomb = threading.Event()
        threading.Thread(target=_end_bombs, args=(bomb,), daemon=True).start()
        supervisor.main()
        goodbye = {"out_of_memory": _count(_MEMORY) > 0, "bomb": bomb.is_set()}
        harness.sendall(json.dumps(goodbye).encode() + b"\n")
    os._exit(0)


def _keep_others_out() -> None:
    """Nobody of the same user may trace this process or read its memory, its variables or its descriptors."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _receive(harness: socket.socket) -> tuple[list[int], list[int]]:
    """The numbers and the descriptors. (``socket.recv_fds`` is new in Python 3.9.)"""
    text = b""
    fds = array.array("i")
    while not text.endswith(b"\n"):
        data, ancillary, _, _ = harness.recvmsg(4096, socket.CMSG_SPACE(_MOST_FDS * fds.itemsize))
        if not data:
            raise ConnectionError("the harness is gone")
        text += data
        for level, kind, payload in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    return json.loads(text), list(fds)


def _place(numbers: list[int], fds: list[int]) -> None:
    """Give the descriptors their numbers; the supervisor passes those above 2 on."""
    above = max([*numbers, *fds]) + 1
    for offset, fd in enumerate(fds):  # none may lie where another one belongs
        os.dup2(fd, above + offset, inheritable=False)
        os.close(fd)
    for offset, number in enumerate(numbers):
        os.dup2(above + offset, number, inheritable=number < 3)
        os.close(above + offset)


def _end_bombs(bomb: threading.Event) -> None:
    while _count(_TASKS) < _REFUSED_TASKS:
        time.sleep(_PAUSE)
    bomb.set()
    os.kill(-1, signal.SIGKILL)  # everything but this process


def _count(counters: tuple[tuple[str, str], ...]) -> int:
    """How often it has happened; 0 if the kernel does not tell."""
    for path, name in counters:
        try:
            with open(path) as stream:
                return int(dict(line.split() for line in stream)[name])
        except (OSError, ValueError, KeyError):
            continue
    return 0


if __name__ == "__main__":
    main()
