"""Attempts to read or write files outside."""

from __future__ import annotations

import contextlib
import os

from .attempt import Attempt, NotTriedError, Task, escaped, everywhere

_OWN = {"/tmp", "/dev/shm", "/dev/mqueue"}  # each confinement has its own


def secret(name: str) -> Attempt:
    """The attempt to read the secret of that name."""

    def attempt(task: Task) -> str:
        if name not in task.secrets:
            raise NotTriedError("there is none on this machine")
        for path in everywhere([task.secrets[name]]):
            with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
                if task.token in stream.read():
                    escaped("read " + path)
        return "cannot be read"

    return attempt


def shadow(_: Task) -> str:
    """The machine's passwords."""
    for path in everywhere(["/etc/shadow", "/etc/gshadow", "/etc/master.passwd"]):
        with contextlib.suppress(OSError), open(path, "rb") as passwords:
            passwords.read()
            escaped("read " + path)
    return "cannot be read"


def other_users(_: Task) -> str:
    """Other users' home folders."""
    homes = everywhere(["/root"])
    for parent in everywhere(["/home", "/Users"]):
        with contextlib.suppress(OSError):
            homes += [os.path.join(parent, name) for name in os.listdir(parent)]
    for home in homes:
        with contextlib.suppress(OSError):
            found = os.listdir(home)
            # Where an interpreter below a home folder is shown, so are the names of the folders above it.
            if any(os.path.isfile(os.path.join(home, name)) for name in found):
                escaped("listed " + home)
    return "none can be read"


def write_outside(task: Task) -> str:
    """Any folder but its own and the temporary ones."""
    usual = ["/", "/etc", "/home", "/opt", "/srv", "/usr", "/usr/local/bin", "/var", "/var/tmp"]
    for folder in everywhere(usual + task.closed):
        if os.path.realpath(folder) not in {os.getcwd(), *_OWN}:
            _write(folder, task)
    return "refused"


def write_environment(task: Task) -> str:
    """The environment, which others use, too."""
    _write(task.environment, task)
    return "refused"


def _write(folder: str, task: Task) -> None:
    path = os.path.join(folder, "harness-probe-" + task.token)
    with contextlib.suppress(OSError):
        with open(path, "x", encoding="utf-8"):
            pass
        os.unlink(path)
        escaped("wrote to " + folder)
