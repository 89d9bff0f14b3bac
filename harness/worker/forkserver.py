"""Fork a worker for each cell out of a process that has imported everything already.

    python -c ... DESCRIPTOR RUNNER

The descriptor is a socket (SOCK_SEQPACKET). Each message asks for one child and brings its four descriptors:
the three of a supervisor (see ``supervisor``), and a socket of the child's own. There the child says "hello"
(the harness learns its id from the credentials) and, once it has ended, the server says how: its exit code,
below zero the number of a signal. The message is JSON:

    separate   null, or that the child gets namespaces of its own: {"mounts": see ``namespaces.mount_all``,
               "seccomp": a filter, base64, "processes": how many at most}

The job that the child then reads from its descriptor 0 has, instead of ``argv``, ``worker``: the path of a
worker's job. The server ends at the end of input. No model's code runs in it, and no operation of a
framework: threads that such a thing starts would be missing in the children.
"""

from __future__ import annotations

import array
import base64
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
from typing import Any, Callable

from . import main as worker
from . import memory, namespaces, supervisor

_MESSAGE = 1 << 16


def main(arguments: list[str]) -> None:
    """Serve until the harness closes its end."""
    descriptor, runner = arguments
    gc.disable()  # next to nothing of what is imported is garbage
    runners = importlib.import_module(".runners." + runner, __package__)
    try:
        runners.warm()
    except Exception:  # each worker tells it in its own reply
        traceback.print_exc()
    gc.freeze()  # what is here already is not looked at, and so not copied, in any child
    gc.enable()
    memory.use_huge_pages()
    with socket.socket(fileno=int(descriptor)) as requests:
        requests.send(b"ready")
        _serve(requests)
    os._exit(0)


def _serve(requests: socket.socket) -> None:
    children: dict[int, socket.socket] = {}
    wake, wakes = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    while True:
        ready = select.select([requests.fileno(), wake], [], [])[0]
        if wake in ready:
            os.read(wake, _MESSAGE)
            _tell_ends(children)
        if requests.fileno() in ready:
            text, fds = _receive(requests)
            if not text:
                return
            sys.stdout.flush()  # or each child says it again
            sys.stderr.flush()
            try:
                pid = os.fork()
            except OSError:  # no more processes, or no memory
                pid = -1
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.close(wake)
                os.close(wakes)
                requests.close()
                for other in children.values():
                    other.close()
                _become_cell(json.loads(text), fds)
            for fd in fds[:3]:
                os.close(fd)
            own = socket.socket(fileno=fds[3])
            if pid > 0:
                children[pid] = own
            else:
                with own, contextlib.suppress(OSError):
                    own.send(b"busy")


def _tell_ends(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        own = children.pop(pid, None)
        if own is not None:
            with own, contextlib.suppress(OSError):
                own.send(str(_code(status)).encode())


def _receive(requests: socket.socket) -> tuple[bytes, list[int]]:
    """The next message and its descriptors; b"" at the end. (``socket.recv_fds`` is new in Python 3.9.)"""
    fds = array.array("i")
    text, ancillary, _, _ = requests.recvmsg(_MESSAGE, socket.CMSG_LEN(4 * fds.itemsize))
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return text, list(fds)


def _become_cell(request: dict[str, Any], fds: list[int]) -> None:
    """Supervise one cell; never returns."""
    code = 1
    own = socket.socket(fileno=_place(fds))
    try:
        if request["separate"] is None:
            _greet(own)
            supervisor.supervise(_start(None))
            code = 0
        else:
            code = _in_namespaces(request["separate"], own)
    except BaseException as error:
        text = f"{type(error).__name__}: {error}"
        with contextlib.suppress(OSError):  # it is closed once all went well so far
            own.send(text.encode("utf-8", "backslashreplace")[:1000])
        os.write(2, f"{text}\n".encode("utf-8", "backslashreplace"))
    finally:
        os._exit(code)


def _place(fds: list[int]) -> int:
    """Make the first three the descriptors 0, 1 and 2; returns the fourth, the child's own socket."""
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
        os.close(fd)
    return fds[3]


def _greet(own: socket.socket) -> None:
    own.send(b"hello")
    own.close()


def _in_namespaces(separate: dict[str, Any], own: socket.socket) -> int:
    """Wait for a process 1 of its own, which supervises; its exit code. All of it ends with this process."""
    namespaces.separate()
    first = os.fork()
    if first:
        own.close()
        for fd in (0, 1, 2):
            os.close(fd)
        return _code(os.waitpid(first, 0)[1]) & 0xFF
    namespaces.die_with_parent()
    namespaces.mount_all(separate["mounts"])
    namespaces.hide()
    supervisor.stand_firm()
    _greet(own)
    supervisor.supervise(_start(separate))
    os._exit(0)


def _start(separate: dict[str, Any] | None) -> Callable[[dict[str, Any]], supervisor.Command]:
    """What starts the worker below a supervisor: it is forked."""

    def start(job: dict[str, Any]) -> supervisor.Command:
        pid = os.fork()
        if pid:
            return supervisor.Command(pid)
        code = 1
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.dup2(2, 1)
            os.close(nothing)
            supervisor.give_way()
            os.environ.clear()
            os.environ.update(job["env"])
            tempfile.tempdir = None  # it was found for another environment
            os.chdir(job["cwd"])
            if separate is not None:
                seccomp = base64.b64decode(separate["seccomp"])
                namespaces.give_up_privileges(seccomp, separate["processes"])
            code = worker.work(job["worker"])
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)

    return start


def _code(status: int) -> int:
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


if __name__ == "__main__":
    main(sys.argv[1:])
