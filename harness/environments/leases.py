"""Who uses an environment right now, so that nobody removes it from under them.

Each user holds a lock on a file of its own beside the entry. The operating system drops the lock when its
holder dies, however it dies, and a file that nobody holds says nothing: whoever meets one takes it away.

    <cache>/environments/venv/
        in-use/pytorch-0123456789abcdef/4711-x1y2z3.lock

Both functions are called with the entry's own lock held, so that an environment is either leased before it is
looked at, or found to be gone. A cache that this user cannot write needs no lease: nothing is removed there.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout


class Lease:
    """A hold on one entry, until it is released or the process ends."""

    def __init__(self, lock: BaseFileLock) -> None:
        self._lock = lock

    def release(self) -> None:
        """Let go; may be called in any thread, and again."""
        self._lock.release()
        with contextlib.suppress(OSError):
            Path(self._lock.lock_file).unlink(missing_ok=True)


def take(entry: Path) -> Lease:
    """Hold an entry, which need not exist. Raises OSError if no file can be made."""
    folder = _folder(entry)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{secrets.token_hex(3)}.lock"
    lock = FileLock(path, timeout=0, thread_local=False)
    lock.acquire()
    return Lease(lock)


def is_held(entry: Path) -> bool:
    """Whether anybody holds the entry; files of those who died are removed."""
    held = False
    for path in _folder(entry).glob("*.lock"):
        lock = FileLock(path, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            held = True
        except OSError:  # another user's, say: it must be taken for held
            held = True
        else:
            lock.release()
            path.unlink(missing_ok=True)
    return held


def _folder(entry: Path) -> Path:
    return entry.parent / "in-use" / entry.name
