"""A Hypha server for one cell: a child process that listens on the loopback interface alone.

In a sandbox or container that interface is the cell's own: nobody else can reach the server, and it nobody.
No model's code runs in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import socket
import sys
import traceback
from typing import Any, NoReturn

from ..protocol import ToolError

_HOST = "127.0.0.1"
_LOOK_SECONDS = 0.01
# What the server imports: it itself opens a data base when it is imported, which each cell has of its own.
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
        ToolError: it ended before it was ready; the log says why.
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
            raise ToolError("the local Hypha server ended before it was ready; the log says why")
    return f"http://{_HOST}:{port}"


def _serve(listener: socket.socket, tell: int) -> NoReturn:
    """Serve until this process is killed."""
    try:
        os.environ["HYPHA_HOST"] = _HOST
        os.environ["HYPHA_PORT"] = str(listener.getsockname()[1])
        import uvicorn

        configuration = uvicorn.Config("hypha.server:app", log_level="error", ws_ping_interval=None)
        asyncio.run(_until_told(uvicorn.Server(configuration), listener, tell))
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


async def _until_told(server: Any, listener: socket.socket, tell: int) -> None:
    serving = asyncio.ensure_future(server.serve([listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(_LOOK_SECONDS)
    if server.started:
        os.write(tell, b"1")
    os.close(tell)
    await serving
