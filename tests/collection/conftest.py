from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from harness.collection import fetch


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("HARNESS_CACHE_DIR", str(folder))
    return folder


class Handler(BaseHTTPRequestHandler):
    """Serves a folder, and misbehaves where it is told to: ``faults`` maps a path to what happens."""

    folder: ClassVar[Path]
    faults: ClassVar[dict[str, str]]
    seen: ClassVar[list[str]]
    release: ClassVar[threading.Event]

    def do_GET(self) -> None:
        """One request."""
        name = unquote(self.path.partition("?")[0]).lstrip("/")
        type(self).seen.append(self.path)
        what = self.faults.get(name, "")
        if what.startswith("redirect "):
            self.send_response(302)
            self.send_header("Location", what.removeprefix("redirect "))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if what == "500 once":
            self.faults[name] = ""
            self.send_error(500)
            return
        if what.isdigit():
            self.send_error(int(what))
            return
        if what == "stall":
            self.release.wait(5)
            return
        path = self.folder / name
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) + (100 if what == "cut short" else 0)))
        if path.suffix == ".html":
            self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if what == "half" else data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silence."""


class Server:
    """A real server on 127.0.0.1, with a folder and faults of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: dict[str, str] = {}
        self.seen: list[str] = []
        self.release = threading.Event()
        handler = type(
            "_Handler",
            (Handler,),
            {"folder": folder, "faults": self.faults, "seen": self.seen, "release": self.release},
        )
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self._thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Stop, and wait for it."""
        self.release.set()
        self.http.shutdown()
        self.http.server_close()
        self._thread.join()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Waiting times are short, proxies are not asked."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(fetch, "WAIT_SECONDS", 0.0)
    folder = tmp_path / "served"
    folder.mkdir()
    running = Server(folder)
    yield running
    running.close()
