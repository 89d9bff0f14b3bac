"""What the probe tries to reach: listeners, secrets and a process, all of them outside of the confinement."""

from __future__ import annotations

import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from harness import proc
from harness.errors import IsolationError
from harness.limits import LOG_BYTES, Limits
from harness.paths import cache_folder

_NEIGHBOUR = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(60)"
_LIMITS = Limits(seconds=70, log_bytes=LOG_BYTES)
_START_SECONDS = 20.0


@contextmanager
def laid_out(folder: Path, token: str) -> Iterator[dict[str, object]]:
    """Lay it out and give the part of the probe's task that says where; nothing of it stays.

    Args:
        folder: for what needs a place; nothing of it is mounted.
        token: what every secret contains.
    """
    with ExitStack() as everything:
        yield {
            "token": token,
            "secrets": everything.enter_context(_secrets(folder, token)),
            "docker": _docker_sockets(),
            "closed": [str(folder), str(Path.home()), str(cache_folder())],
            **everything.enter_context(_listeners(folder, token)),
            "neighbour": everything.enter_context(_neighbour(folder, token)),
        }


@contextmanager
def _secrets(folder: Path, token: str) -> Iterator[dict[str, str]]:
    """Files with the token, in every place that can be written to."""
    places = {name: folder / name for name in ("ledger", "expected-outputs", "other-cell")}
    for place in places.values():
        place.mkdir()
    places |= {"cache": cache_folder(), "home": Path.home()}
    places |= {"temporary-folder": Path("/tmp"), "shared-memory": Path("/dev/shm")}  # noqa: S108
    file = f".harness-probe-{token}"
    made: dict[str, str] = {}
    try:
        for name, place in places.items():
            with suppress(OSError):
                (place / file).write_text(token, "ascii")
                made[name] = str(place / file)
        yield made
    finally:
        for name in made:
            (places[name] / file).unlink(missing_ok=True)


def _docker_sockets() -> list[str]:
    named = os.environ.get("DOCKER_HOST", "")
    paths = ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"]
    paths += ["/run/podman/podman.sock", f"{os.environ.get('XDG_RUNTIME_DIR', '/run')}/docker.sock"]
    return [named.removeprefix("unix://"), *paths] if named.startswith("unix://") else paths


@contextmanager
def _listeners(folder: Path, token: str) -> Iterator[dict[str, object]]:
    """Sockets that answer with the token."""
    with ExitStack() as opened:

        def listener(family: int, kind: int, address: tuple[str, int] | str) -> socket.socket:
            found = opened.enter_context(socket.socket(family, kind))
            found.bind(address)
            if kind == socket.SOCK_STREAM:
                found.listen()
            return found

        tcp = listener(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        udp = listener(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        every = [tcp, udp]
        path = folder / "socket"
        if sys.platform == "linux":
            every += [listener(socket.AF_UNIX, socket.SOCK_STREAM, a) for a in (f"\0{token}", str(path))]
        stop, stops = socket.socketpair()
        opened.enter_context(stop)
        answering = threading.Thread(target=_answer, args=(every, stop, token.encode()), daemon=True)
        answering.start()
        opened.callback(answering.join)
        opened.callback(stops.close)
        addresses = {"tcp": tcp.getsockname(), "udp": udp.getsockname()}
        yield {**addresses, "abstract": token, "socket": str(path)}


def _answer(listeners: list[socket.socket], stop: socket.socket, token: bytes) -> None:
    with selectors.DefaultSelector() as selector:
        for listener in (*listeners, stop):
            selector.register(listener, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if stop in ready:
                return
            for listener in listeners:
                if listener in ready:
                    _tell(listener, token)


def _tell(listener: socket.socket, token: bytes) -> None:
    with suppress(OSError):  # it did not wait
        if listener.type == socket.SOCK_DGRAM:
            listener.sendto(token, listener.recvfrom(16)[1])
        else:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(token)


@contextmanager
def _neighbour(folder: Path, token: str) -> Iterator[int]:
    """A process that has the token among its variables and in its command line; its id."""
    told = folder / "neighbour"
    stop = threading.Event()

    def run() -> None:
        command = [sys.executable, "-I", "-S", "-c", _NEIGHBOUR, str(told), token]
        with suppress(Exception):  # it was stopped
            log = folder / "neighbour.log"
            env = {"HARNESS_PROBE": token}
            proc.run(command, log=log, env=env, cwd=folder, limits=_LIMITS, cancel=stop)

    running = threading.Thread(target=run, daemon=True)
    running.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not (told.exists() and told.read_text("ascii").endswith("\n")):
            if time.monotonic() > deadline:
                raise IsolationError("the probe cannot start a process to look for")
            time.sleep(0.005)
        yield int(told.read_text("ascii"))
    finally:
        stop.set()
        running.join()
