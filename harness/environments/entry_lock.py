"""The lock of an entry of the store: held by whoever makes, removes or leases it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from harness.environments.attempt import Attempt
from harness.environments.failure import EnvironmentBuildError
from harness.errors import Interrupted, OutputError
from harness.verdict import Reason

WAIT_TIMEOUT = 2 * 3600.0  # seconds for another process's build
_POLL_SECONDS = 0.2


def lock_file(entry: Path) -> Path:
    """What is locked; never removed itself."""
    return entry.with_name(f"{entry.name}.lock")


@contextmanager
def locked(entry: Path, name: str, attempt: Attempt) -> Iterator[None]:
    """Hold the entry's lock; the operating system drops it when its holder dies.

    Args:
        name: the environment's, for people.

    Raises:
        EnvironmentBuildError: another process has been building it for too long.
        OutputError: the cache folder cannot be written.
        Interrupted: the attempt was cancelled.
    """
    path = lock_file(entry)
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, name, attempt)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); choose another folder with HARNESS_CACHE_DIR"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, name: str, attempt: Attempt) -> None:
    """Wait for whoever builds this environment, as long as it may take."""
    deadline = time.monotonic() + WAIT_TIMEOUT
    told = False
    while True:
        try:
            lock.acquire(timeout=_POLL_SECONDS)
        except Timeout:
            pass
        else:
            return
        if attempt.cancel is not None and attempt.cancel.is_set():
            raise Interrupted("stopped by the user")
        if time.monotonic() > deadline:
            message = f"{name}: another process has been building it for too long"
            raise EnvironmentBuildError(Reason.ENVIRONMENT_BUILD_FAILED, message, attempt.log)
        if not told:
            attempt.on_progress(f"{name}: waiting for another process that builds it")
            told = True
