"""What one attempt at making something shares with all its steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Where an attempt writes and how it is watched and stopped.

    Attributes:
        log: complete output of every process that is started, in order.
        cwd: where they are started.
        on_progress: told one line for people at each step.
        cancel: when set, the process that runs is stopped and Interrupted is raised.
    """

    log: Path
    cwd: Path
    on_progress: Callable[[str], None]
    cancel: threading.Event | None = None

    def note(self, line: str) -> None:
        """Write a line of the harness's own into the log; raises OSError."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")
