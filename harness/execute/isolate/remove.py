"""Remove a folder that a stranger has filled: deeper than any path may be long, closed to its owner."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder and all that is in it; no link is followed, and what cannot be removed stays.

    Nothing may still write there. Folders within folders are moved to the top first, so that neither the
    length of a path nor the number of open files depends on what is there.
    """
    mark = secrets.token_hex(8)
    waiting = [folder]
    moved = 0
    while waiting:
        emptied = waiting.pop()
        for entry in _entries(emptied):
            with suppress(OSError):
                found = Path(entry.path)
                if not entry.is_dir(follow_symlinks=False):
                    found.unlink()
                    continue
                target = folder / f"{mark}-{moved}"
                moved += 1
                found.chmod(0o700)  # to move a folder is to write to it
                found.rename(target)
                waiting.append(target)
        if emptied != folder:
            with suppress(OSError):
                emptied.rmdir()
    with suppress(OSError):
        folder.rmdir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with suppress(OSError):
        folder.chmod(0o700)
        with os.scandir(folder) as entries:
            return list(entries)
    return []
