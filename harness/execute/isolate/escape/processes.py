"""Attempts to see or touch other processes, and to start too many."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time

from .attempt import NotTriedError, Task, escaped, libc

# What shells, bubblewrap and engines of containers set of their own accord.
_HARMLESS = {"HOME", "HOSTNAME", "LC_CTYPE", "PATH", "PWD", "SHLVL", "TERM", "_"}
_PTRACE_ATTACH, _PTRACE_DETACH = 16, 17


def variables(task: Task) -> str:
    """Variables that this process was not meant to have."""
    unknown = set(os.environ).difference(_HARMLESS, task.variables)
    if unknown:
        escaped("was given " + ", ".join(sorted(unknown)))
    return "only those that it was given"


def descriptors(_: Task) -> str:
    """Open files that this process was not meant to have."""
    folder = next((path for path in ("/proc/self/fd", "/dev/fd") if os.path.isdir(path)), None)
    if folder is None:
        raise NotTriedError("this system does not list them")
    found: list[str] = []
    for name in os.listdir(folder):
        if int(name) > 2:
            with contextlib.suppress(OSError):  # that of the listing itself
                os.fstat(int(name))
                found.append(os.readlink(os.path.join(folder, name)))
    if found:
        escaped("inherited " + ", ".join(sorted(found)))
    return "none but input, output and errors"


def parent_environment(task: Task) -> str:
    """The variables of processes outside, and of what confines this one."""
    _search("environ", task)
    for number in _others():
        with contextlib.suppress(OSError), open("/proc/{}/environ".format(number), "rb") as stream:
            names = {os.fsdecode(line.partition(b"=")[0]) for line in stream.read().split(b"\0") if line}
            unknown = names.difference(_HARMLESS, task.variables)
            if unknown:
                escaped("read {} of process {}".format(", ".join(sorted(unknown)), number))
    return "none can be read"


def process_table(task: Task) -> str:
    """The command lines of processes outside."""
    return _search("cmdline", task)


def signals(task: Task) -> str:
    """A signal to a process outside."""
    with open("/proc/{}/cmdline".format(task.neighbour), "rb") as command:
        if task.token.encode() not in command.read():
            return "its number is another process here"
    os.kill(task.neighbour, 0)
    return escaped("can signal a process outside")


def ptrace(_: Task) -> str:
    """Another process's memory; one of its own, so that nobody is harmed."""
    child = os.fork()
    if child == 0:
        time.sleep(10)
        os._exit(0)
    library = libc()
    request = ctypes.c_long
    try:
        attached = library.ptrace(request(_PTRACE_ATTACH), request(child), None, None) == 0
        said = os.strerror(ctypes.get_errno())
        if attached:
            os.waitpid(child, 0)
            library.ptrace(request(_PTRACE_DETACH), request(child), None, None)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if attached:
        escaped("traced another process")
    return said


def fork_bomb(task: Task) -> str:
    """More processes than anything needs."""
    children: list[int] = []
    try:
        while len(children) < task.processes:
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    except OSError:
        return "stopped after {}".format(len(children))
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    return escaped("started {} processes".format(len(children)))


def _others() -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _search(what: str, task: Task) -> str:
    others = _others()
    for number in others:
        with contextlib.suppress(OSError), open("/proc/{}/{}".format(number, what), "rb") as stream:
            if task.token.encode() in stream.read():
                escaped("read that of process {}, which is outside".format(number))
    return "{} other processes, none from outside".format(len(others))
