"""Scratch folders that are gone afterwards, also when a harness was killed before it could tidy up."""

from __future__ import annotations

import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.execute.isolate.remove import remove

_PREFIX = "bioimage-harness-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-.+")
_GRACE_SECONDS = 60.0  # workers end within seconds of their harness
# What the harness calls its other temporary folders, which say nothing of the process that made them.
KINDS = (
    *("artifact", "bytecode", "conda", "docker", "doctor", "git", "gpu", "health", "image", "lock", "probe"),
    *("publish", "published", "python", "release", "replay", "sandbox"),
)
_OTHER = re.compile(rf"harness-({'|'.join(KINDS)})-[a-z0-9_]{{8}}")
_OTHER_SECONDS = 86_400.0  # nothing that uses one takes as long


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
    for folder in Path(tempfile.gettempdir()).iterdir():
        match, other = _NAME.fullmatch(folder.name), _OTHER.fullmatch(folder.name)
        if not (match or other):
            continue
        try:
            found = folder.lstat()
        except OSError:  # another harness removed it
            continue
        mine = not hasattr(os, "getuid") or found.st_uid == os.getuid()
        old = time.time() - found.st_mtime > (_GRACE_SECONDS if match else _OTHER_SECONDS)
        if stat.S_ISDIR(found.st_mode) and mine and old and not (match and _runs(int(match[1]))):
            remove(folder)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
