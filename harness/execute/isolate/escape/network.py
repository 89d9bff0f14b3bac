"""Attempts to reach somebody by a socket."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from .attempt import Task, escaped, everywhere

_SECONDS = 1.0  # for an answer: the listeners are on the same machine
_AF_PACKET, _AF_VSOCK = 17, 40


def interfaces(_: Task) -> str:
    """Networks that this process belongs to."""
    with open("/proc/net/route", encoding="ascii") as routes:
        found = {line.split()[0] for line in routes.readlines()[1:]}
    with contextlib.suppress(OSError), open("/proc/net/if_inet6", encoding="ascii") as addresses:
        found |= {line.split()[-1] for line in addresses}
    if found - {"lo"}:
        escaped("is connected by " + ", ".join(sorted(found)))
    return "none but its own loopback"


def tcp(task: Task) -> str:
    """A listener on the machine's loopback interface."""
    with socket.create_connection(task.tcp, timeout=_SECONDS) as connection:
        return _heard(connection, task)


def udp(task: Task) -> str:
    """The same without a connection."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(task.udp)  # so that a refusal is told
        connection.send(b"?")
        return _heard(connection, task)


def abstract_socket(task: Task) -> str:
    """A Unix socket without a file."""
    return _connect("\0" + task.abstract, task)


def path_socket(task: Task) -> str:
    """A Unix socket with a file."""
    for path in everywhere([task.socket]):
        with contextlib.suppress(OSError):
            _connect(path, task)
    return "none is in reach"


def docker_socket(task: Task) -> str:
    """Whoever reaches it is root on the machine."""
    for path in everywhere(task.docker):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            escaped(path + " answers")
    return "none is in reach"


def other_sockets(_: Task) -> str:
    """Kinds of sockets that no network namespace stops, or that see everything."""
    for family, kind in ((_AF_PACKET, socket.SOCK_RAW), (_AF_VSOCK, socket.SOCK_STREAM)):
        with contextlib.suppress(OSError), socket.socket(family, kind):
            escaped("opened a socket of family {}".format(family))
    return "refused"


def _connect(address: str, task: Task) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(address)
        return _heard(connection, task)


def _heard(connection: Any, task: Task) -> str:
    if connection.recv(100).decode() == task.token:
        escaped("a listener outside answered")
    return "no answer"
