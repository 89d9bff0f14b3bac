"""Hold what a tree of processes uses against its limits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from harness.limits import Limits
from harness.proc.folders import FolderSize
from harness.proc.tree import Tree

_PAUSE = 0.05  # seconds
_LONGEST_PAUSE = 0.25
_SHARE = 0.02  # of one core


class Watch:
    """The limits of one run, from now on.

    Args:
        tree: None to look at nothing but the time.

    Attributes:
        pause: how long to wait until the next look, in seconds. It grows with what a look costs.
    """

    def __init__(self, tree: Tree | None, limits: Limits, folders: Sequence[Path]) -> None:
        self.pause = _PAUSE if tree else _LONGEST_PAUSE
        self._tree = tree
        self._limits = limits.stated()
        self._folders = FolderSize(folders if limits.disk_bytes is not None else ())
        self._started = time.monotonic()

    def exceeded(self) -> str | None:
        """Look once: the name of a limit that is exceeded, None if none is."""
        used: dict[str, float] = {"seconds": time.monotonic() - self._started}
        if self._tree is not None:
            clock = time.thread_time()
            self._tree.look()
            self._folders.look()
            self.pause = min(max(_PAUSE, (time.thread_time() - clock) / _SHARE), _LONGEST_PAUSE)
            used["cpu_seconds"] = self._tree.cpu_seconds
            used["memory_bytes"] = self._tree.peak_memory_bytes
            used["processes"] = self._tree.processes
            used["disk_bytes"] = self._folders.bytes
        return next((name for name, limit in self._limits.items() if used.get(name, 0) > limit), None)
