"""The sha256 of files, each read once as long as it stays what it is.

What a file was when it was read (size, times, inode, device) is kept as a hint. As git does, a hint is
trusted only if the file had last been changed well before it was read: a change right after that would have
left the same time.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.collection.cache import file_sha256
from harness.collection.known import Known, key_of

# The coarsest clock of a file system in use: FAT knows every other second.
GRANULARITY_NS = 2_000_000_000

_Hint = tuple[int, int, int, int, int, str]


class FileDigests:
    """Hashes files, and remembers it by the folder that they belong to. Not for several threads.

    Args:
        known: where hints are kept.
        verify: whether to hash every file although a hint could be trusted.
    """

    def __init__(self, known: Known, *, verify: bool = False) -> None:
        self._known = known
        self._verify = verify
        self._root = ""
        self._hints: dict[str, _Hint] = {}
        self._changed = False

    def sha256(self, path: str, found: os.stat_result, *, root: str) -> str:
        """The sha256 (hex) of a file's content; raises OSError.

        Args:
            path: a file, no link, at or below ``root``.
            found: what ``lstat`` says of it.
            root: the folder (or file) whose hints are read and written together.
        """
        if root != self._root:
            self.keep()
            self._root = root
            self._hints = self._known.get(self._key(), dict[str, _Hint]) or {}
        name = path[len(root) :]
        state = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
        hint = self._hints.get(name)
        if hint is not None and hint[:5] == state and not self._verify:
            return hint[5]
        now = time.time_ns()
        digest = file_sha256(Path(path))
        settled = max(found.st_mtime_ns, found.st_ctime_ns) + GRANULARITY_NS < now
        if settled and hint != (*state, digest):
            self._hints[name] = (*state, digest)
            self._changed = True
        return digest

    def keep(self) -> None:
        """Put the hints of the last folder where they are kept."""
        if self._changed:
            self._known.put(self._key(), self._hints)
        self._root, self._hints, self._changed = "", {}, False

    def _key(self) -> bytes:
        return key_of("files", os.path.abspath(self._root))  # noqa: PTH100  a link may be in it
