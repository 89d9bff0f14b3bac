"""What all attempts share: a function takes the task and returns words if it was stopped.

OSError means that it was stopped, too.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
from typing import Any, Callable, NoReturn


class EscapedError(Exception):
    """The attempt got out; says how far."""


class NotTriedError(Exception):
    """The attempt makes no sense here; says why."""


class Task:
    """The task as read from its file; see the package."""

    def __init__(self, path: str) -> None:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
        self.attempts: list[str] = content["attempts"]
        self.token: str = content["token"]
        self.secrets: dict[str, str] = content["secrets"]
        self.tcp: tuple[str, int] = tuple(content["tcp"])
        self.udp: tuple[str, int] = tuple(content["udp"])
        self.abstract: str = content["abstract"]
        self.socket: str = content["socket"]
        self.docker: list[str] = content["docker"]
        self.neighbour: int = content["neighbour"]
        self.variables: list[str] = content["variables"]
        self.closed: list[str] = content["closed"]
        self.environment: str = content["environment"]
        self.processes: int = content["processes"]


Attempt = Callable[[Task], str]


def escaped(how: str) -> NoReturn:
    """It got out."""
    raise EscapedError(how)


def everywhere(paths: list[str]) -> list[str]:
    """The paths, also below everything that is mounted: a bind may show the machine at another place."""
    roots = [""]
    with contextlib.suppress(OSError), open("/proc/self/mounts", "rb") as mounts:
        roots += [os.fsdecode(line.split()[1]).rstrip("/") for line in mounts]
    return [root + path for root in dict.fromkeys(roots) for path in paths]


def libc() -> Any:
    """The C library; ``ctypes.get_errno`` tells why a call failed."""
    return ctypes.CDLL(None, use_errno=True)


def status() -> dict[str, str]:
    """What the kernel tells about this process; OSError where there is no /proc."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
        pairs = (line.partition(":") for line in stream)
        return {name: value.strip() for name, _, value in pairs}
