"""What files take on the disk, and what the disk gets back when they go.

Environments share files with the cache of uv and with each other by hard links: the disk gets a file's blocks
back when its last name goes, and not before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's own is


class Usage(NamedTuple):
    """One file: its bytes on the disk, all the names that it has, and those that were found."""

    bytes: int
    links: int
    found: int


Files = dict[tuple[int, int], Usage]


def files_below(folder: Path) -> Files:
    """Every file below, by device and inode; what goes meanwhile is passed over."""
    files: Files = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                found = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - tens of thousands of files
            except OSError:
                continue
            taken = found.st_blocks * _BLOCK_BYTES if hasattr(found, "st_blocks") else found.st_size
            key = found.st_dev, found.st_ino
            before = files[key].found if key in files else 0
            files[key] = Usage(taken, found.st_nlink, before + 1)
    return files


class Together:
    """The files of several folders; one that is in two of them counts once."""

    def __init__(self, many: Iterable[Files] = ()) -> None:
        self._files: Files = {}
        self.taken = 0
        for files in many:
            self.add(files)

    def add(self, files: Files) -> None:
        """Count the files of one more folder. ``taken`` is how many bytes of the disk all of them take."""
        for key, usage in files.items():
            before = self._files.get(key)
            self.taken += 0 if before else usage.bytes
            found = usage.found + (before.found if before else 0)
            self._files[key] = usage._replace(found=found)

    def remove(self, files: Files) -> None:
        """Count them no more; they were added before."""
        for key, usage in files.items():
            found = self._files[key].found - usage.found
            if found:
                self._files[key] = usage._replace(found=found)
            else:
                del self._files[key]
                self.taken -= usage.bytes

    @property
    def freed(self) -> int:
        """Bytes that the disk gets back if they all go: of the files that have no name elsewhere."""
        return sum(usage.bytes for usage in self._files.values() if usage.found >= usage.links)
