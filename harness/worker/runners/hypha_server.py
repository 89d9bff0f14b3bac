"""A Hypha server for one cell: a child process that listens on the loopback interface alone.

In a sandbox or container that interface is the cell's own: nobody else can reach the server, and it nobody.
No model's code runs in it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sys
from typing import NoReturn

_HOST = "127.0.0.1"
# What the server imports; it itself would open a data base when it is imported.
_IMPORTED = (
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.on",
    "fakeredis",
    "aiosqlite",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "hypha.core.store",
    "hypha.http",
    "hypha.http_rpc",
    "hypha.minio",
    "hypha.triton",
    "hypha.websocket",
)


def warm() -> None:
    """Import what the server needs, and start nothing."""
    for module in _IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def start() -> str:
    """Start the server and wait until it serves; returns its address.

    Call it while this process has one thread. The server ends with the cell.

    Raises:
        RuntimeError: it ended before it was ready; the log says why.
    """
    with socket.create_server((_HOST, 0)) as listener:
        port = listener.getsockname()[1]
        ready, tell = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        if os.fork() == 0:
            os.close(ready)
            _serve(listener, tell)
    os.close(tell)
    with os.fdopen(ready, "rb") as stream:
        if not stream.read(1):
            raise RuntimeError("the local Hypha server ended before it was ready")
    return f"http://{_HOST}:{port}"


def _serve(listener: socket.socket, tell: int) -> NoReturn:
    """Serve until this process is killed."""
    code = 1
    try:
        os.environ["HYPHA_LOGLEVEL"] = "ERROR"
        os.environ["HYPHA_HOST"], port = _HOST, listener.getsockname()[1]
        os.environ["HYPHA_PORT"] = str(port)
        import uvicorn

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                os.write(tell, b"1")
                os.close(tell)

        Server(uvicorn.Config("hypha.server:app", log_level="error", ws_ping_interval=None)).run([listener])
        code = 0
    finally:
        os._exit(code)
