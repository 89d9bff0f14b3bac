"""How large folders are, looked at a little at a time."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

_PAUSE = 0.5  # seconds between two rounds
_ENTRY_BYTES = 512  # an empty file is not free
_SLICE = 0.01  # seconds of work in one go


class FolderSize:
    """The size of all files in some folders.

    A file counts with its length or with the space that it takes on the disk, whichever is more; one with
    several names counts once. Links are not followed. What was deleted while it is open cannot be seen.

    Attributes:
        bytes: as of the last complete round, or more if the present one has already found more.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.bytes = 0
        self._folders = folders
        self._round: Iterator[int] | None = None
        self._found = 0
        self._next_round = 0.0

    def look(self) -> None:
        """Go on with the round for some milliseconds, or begin a new one when it is time."""
        if self._round is None:
            if not self._folders or time.monotonic() < self._next_round:
                return
            self._round, self._found = _sizes(self._folders), 0
        enough = time.monotonic() + _SLICE
        for size in self._round:
            self._found += size
            if time.monotonic() > enough:
                self.bytes = max(self.bytes, self._found)
                return
        self.bytes = self._found
        self._round = None
        self._next_round = time.monotonic() + _PAUSE


def _sizes(folders: Sequence[Path]) -> Iterator[int]:
    seen: set[tuple[int, int]] = set()
    waiting = [os.fspath(folder) for folder in folders]
    while waiting:
        for entry in _entries(waiting.pop()):
            try:
                status = entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
            except OSError:  # gone meanwhile
                continue
            identity = (status.st_dev, status.st_ino)
            if identity not in seen:
                seen.add(identity)
                yield max(status.st_size, 512 * getattr(status, "st_blocks", 0), _ENTRY_BYTES)


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """What is in a folder. One that its owner has closed is opened: what is in it counts."""
    for attempt in ("as it is", "opened"):
        try:
            with os.scandir(folder) as entries:
                yield from entries
            return
        except PermissionError:
            if attempt == "as it is":
                _reopen(folder)
        except OSError:  # gone meanwhile
            return


def _reopen(folder: str) -> None:
    """Let its owner read a folder again. It may be a link by now, which must not be followed."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        found = os.open(folder, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY)
        try:
            os.chmod(f"/proc/self/fd/{found}", 0o700)  # noqa: PTH101
        finally:
            os.close(found)
