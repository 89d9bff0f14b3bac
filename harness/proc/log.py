"""The output of a process in a file: all of it, or its beginning and its end."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType


class Log:
    """Appends to a log; of more than ``limit`` bytes the first and the last half, and how many are left out.

    The last half waits in memory until the end. One thread may write while another one ends it; what comes
    after the end is dropped.

    Raises:
        OSError: at the beginning or at the end: the file cannot be written.
    """

    def __init__(self, path: Path, limit: int | None) -> None:
        self._stream = path.open("ab")
        self._lock = threading.Lock()
        self._room = sys.maxsize if limit is None else limit - limit // 2
        self._half = 0 if limit is None else limit // 2
        self._last = bytearray()
        self._left_out = 0
        self._error: OSError | None = None

    def write(self, data: bytes) -> None:
        """Keep it. Never fails: the process that writes must not be held up."""
        with self._lock:
            if self._stream.closed or self._error:
                return
            try:
                self._keep(data)
            except OSError as error:
                self._error = error

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            try:
                with self._stream as stream:
                    self._forget(more_than=self._half)
                    if self._left_out:
                        stream.write(f"\n[... {self._left_out:,} bytes left out ...]\n".encode())
                    stream.write(self._last)
            except OSError as failed:
                self._error = self._error or failed
        if self._error and error is None:
            raise self._error

    def _keep(self, data: bytes) -> None:
        first = data[: self._room]
        if first:
            self._room -= len(first)
            self._stream.write(first)
            self._stream.flush()
        self._last += data[len(first) :]
        if len(self._last) > 2 * self._half:  # not every time: what stays is copied
            self._forget(more_than=self._half)

    def _forget(self, *, more_than: int) -> None:
        surplus = max(0, len(self._last) - more_than)
        del self._last[:surplus]
        self._left_out += surplus


def tail(log: Path, *, lines: int = 12, limit: int = 4000) -> str:
    """The last lines of a log as text, at most ``limit`` characters; empty if there is no log."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - limit))
            data = stream.read()
    except OSError:
        return ""
    text = data.decode("utf-8", errors="replace")
    return "\n".join(line.rstrip() for line in text.splitlines()[-lines:] if line.strip())
