"""A web server that serves a channel, and can be told to fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Server(ThreadingHTTPServer):
    """Serves a folder.

    Attributes:
        breaks: names of files of which the first half is sent and then the connection closed.
        stalls: names of files of which the first half is sent and then nothing.
        stalled: set once that has happened.
        asked: names of the files that were asked for.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.breaks: set[str] = set()
        self.stalls: set[str] = set()
        self.stalled = threading.Event()
        self.released = threading.Event()
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        """To be asked for."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = Path(self.path).name
        self.server.asked.append(name)
        if name not in self.server.breaks | self.server.stalls:
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        if name in self.server.stalls:
            self.server.stalled.set()
            self.server.released.wait(60)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server for a folder, until the block is left."""
    server = Server(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
