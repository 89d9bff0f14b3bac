"""Scratch folders that are gone afterwards, also when a harness was killed before it could tidy up."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.execute.isolate.remove import remove

_PREFIX = "bioimage-harness-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-.+")
_GRACE_SECONDS = 60.0  # workers end within seconds of their harness


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder in the system's temporary folder, gone at the end. Raises OSError if there is no room."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        yield folder
    finally:
        remove(folder)


def sweep() -> None:
    """Remove what killed harnesses of this user left in the temporary folder."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        match = _NAME.fullmatch(folder.name)
        try:
            old = time.time() - folder.stat().st_mtime > _GRACE_SECONDS
            mine = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
        except OSError:  # another harness removed it
            continue
        if match and old and mine and not _runs(int(match[1])):
            remove(folder)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
