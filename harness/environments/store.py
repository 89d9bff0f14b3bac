"""Where environments are kept: each one built once, used only if it is complete.

    <cache>/environments/venv/
        pytorch-0123456789abcdef/
            prefix-x1y2z3/     the environment
            build.log          complete output
            <digest>.json      what it is made of (recipe.py)
            ready.json         written last: without it, everything here is leftovers
            last-used          its time of change says when
        pytorch-0123456789abcdef.lock
        in-use/pytorch-0123456789abcdef/        leases (leases.py)
        proven/pytorch-0123456789abcdef.json     what has passed its health check (proven.py)
        failed/pytorch-0123456789abcdef.log

The prefix has a new name in every attempt: when a harness was killed, its uv may go on writing for a while,
and must not write into the environment that the next harness builds.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from harness.cell import Backend, EnvironmentRef
from harness.environments import backend as backends
from harness.environments import failure, fingerprint, health, leases, lock, proven, recipe
from harness.environments import marker as marker_file
from harness.environments.attempt import Attempt
from harness.environments.built import BuiltEnvironment
from harness.environments.docker import images
from harness.environments.entry_lock import WAIT_TIMEOUT, lock_file, locked
from harness.environments.failure import EnvironmentBuildError
from harness.environments.spec import EnvironmentSpec
from harness.errors import HarnessError, Interrupted, OutputError
from harness.paths import cache_folder

LAST_USED = "last-used"


def entry_folder(ref: EnvironmentRef) -> Path:
    """Where this environment is kept, whether or not it exists."""
    return cache_folder() / "environments" / ref.backend.value / f"{ref.name}-{ref.digest[:16]}"


class _Entry(NamedTuple):
    spec: EnvironmentSpec
    ref: EnvironmentRef
    module: backends.BackendModule
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "build.log"


def ensure(
    spec: EnvironmentSpec,
    backend: Backend,
    *,
    on_progress: Callable[[str], None],
    cancel: threading.Event | None = None,
) -> BuiltEnvironment:
    """The environment, built now if it is not ready. Several processes may ask at once: one builds.

    Raises:
        EnvironmentBuildError: it cannot be built or does not work; the log is kept.
        ConfigurationError: it has no lock.
        UsageError: there is no such backend.
        OutputError: the cache folder cannot be written.
        Interrupted: ``cancel`` was set.
    """
    entry = _entry(spec, backend)
    if ready := _ready(entry):
        return ready
    attempt = Attempt(log=entry.log, cwd=entry.folder, on_progress=on_progress, cancel=cancel)
    with locked(entry.folder, entry.spec.name, attempt):
        return _ready(entry) or _build(entry, attempt)


def find(spec: EnvironmentSpec, backend: Backend) -> BuiltEnvironment | None:
    """The environment if it is ready to use, else None; never builds. Raises like :func:`ensure`."""
    return _ready(_entry(spec, backend))


@contextmanager
def in_use(
    spec: EnvironmentSpec,
    backend: Backend,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
    cancel: threading.Event | None = None,
) -> Iterator[None]:
    """While this lasts, nobody removes the environment, whether or not it is built already.

    Whoever runs something in it enters this before :func:`ensure` or :func:`find`.

    Raises:
        EnvironmentBuildError: another process has been building it for too long, or the disk is full.
        ConfigurationError, UsageError, OutputError, Interrupted: as :func:`ensure`.
    """
    entry = _entry(spec, backend)
    if entry.folder.parent.is_dir() and not os.access(entry.folder.parent, os.W_OK):
        yield  # nobody like us can remove anything there
        return
    attempt = Attempt(log=entry.log, cwd=entry.folder, on_progress=on_progress, cancel=cancel)
    with locked(entry.folder, entry.spec.name, attempt):
        lease = _lease(entry)
    try:
        _note_use(entry.folder)
        yield
    finally:
        _note_use(entry.folder)
        lease.release()


def _lease(entry: _Entry) -> leases.Lease:
    try:
        return leases.take(entry.folder)
    except OSError as error:
        told = failure.from_exception(f"{entry.spec.name}: noting that it is in use", error, entry.log)
        raise told from error


def _note_use(entry: Path) -> None:
    """Leave the time of now, if there is anything that was used."""
    with suppress(OSError):
        if (entry / marker_file.FILE).exists():
            (entry / LAST_USED).touch()


def discard(built: BuiltEnvironment) -> None:
    """Make the next :func:`ensure` build this environment anew; its files stay, something may run in them.

    Nothing happens if the entry has been built anew since. Raises OutputError: the cache cannot be written.
    """
    entry = built.prefix.parent
    try:
        with FileLock(lock_file(entry), timeout=WAIT_TIMEOUT):
            marker = marker_file.read(entry)
            if marker is not None and marker.prefix == built.prefix.name:
                proven.forget(entry)
                (entry / marker_file.FILE).unlink(missing_ok=True)
    except OSError as error:  # also filelock's Timeout
        raise OutputError(f"{entry}: cannot be discarded ({error.strerror or error})") from error


def _entry(spec: EnvironmentSpec, backend: Backend) -> _Entry:
    module = backends.choose(backend)
    ref = spec.ref(backend)
    return _Entry(spec=spec, ref=ref, module=module, folder=entry_folder(ref))


def _ready(entry: _Entry) -> BuiltEnvironment | None:
    """A marker is not enough: an interpreter or an image that was removed since makes it unusable."""
    marker = marker_file.read(entry.folder)
    if marker is None or marker.digest != entry.ref.digest:
        return None
    built = _built(entry, marker, fresh=False)
    there = (
        images.is_there(built.prefix, base=entry.spec.base_image())
        if built.image
        else os.access(built.python, os.X_OK)
    )
    return built if there else None


def _built(entry: _Entry, marker: marker_file.Marker, *, fresh: bool) -> BuiltEnvironment:
    prefix = entry.folder / marker.prefix
    return BuiltEnvironment(
        ref=entry.ref,
        prefix=prefix,
        python=entry.module.interpreter(prefix),
        image=entry.module.image(prefix),
        python_version=marker.python_version,
        packages=marker.packages,
        variables=entry.spec.variables,
        seconds=marker.seconds,
        size_bytes=marker.size_bytes,
        log=entry.log,
        fresh=fresh,
    )


def _build(entry: _Entry, attempt: Attempt) -> BuiltEnvironment:
    started = time.monotonic()
    name = entry.spec.name
    try:
        wipe(entry.folder)
        entry.folder.mkdir(parents=True, exist_ok=True)  # a stray process may just have made it again
        entry.log.touch()
        if entry.spec.trusted:  # else the lock is made by the build, out of names and versions alone
            lock.refuse_places(entry.spec)
        prefix = entry.folder / f"prefix-{secrets.token_hex(4)}"
        attempt.on_progress(f"{name}: building the environment")
        entry.module.build(entry.spec, prefix, attempt)
        if entry.spec.trusted:  # else the worker's own start, in isolation, has to tell
            _check_health(entry, prefix, attempt)
        entry.module.seal(entry.spec, prefix)
        marker = marker_file.describe(entry.ref, entry.module, prefix, seconds=time.monotonic() - started)
        _remove_strays(entry.folder, prefix)
        recipe.keep(entry.folder, entry.spec.recipe(entry.ref.backend))
        marker_file.write(entry.folder, marker)
    except EnvironmentBuildError as error:
        raise error.with_log(_keep_log(entry)) from error
    except Interrupted:
        raise
    except (OSError, HarnessError) as error:
        told = failure.from_exception(f"{name}: building the environment", error, entry.log)
        raise EnvironmentBuildError(told.reason, told.message, _keep_log(entry)) from error
    attempt.on_progress(f"{name}: ready after {marker.seconds:.0f} s")
    return _built(entry, marker, fresh=True)


def _check_health(entry: _Entry, prefix: Path, attempt: Attempt) -> None:
    """Have the environment prove that it works, unless exactly the same has done so before."""
    python, image = entry.module.interpreter(prefix), entry.module.image(prefix)
    found = fingerprint.of(entry.spec, prefix, python, image=image)
    if found and proven.is_proven(entry.folder, found):
        attempt.note("healthy: the same files have passed the health check on this machine before")
        return
    attempt.on_progress(f"{entry.spec.name}: health check")
    health.check(entry.spec, python, attempt, image=image)
    if found:
        proven.keep(entry.folder, found)


def wipe(entry: Path) -> None:
    """Remove an entry, the marker first: a half-removed environment is never taken for a ready one."""
    if not entry.exists():
        return
    (entry / "ready.json").unlink(missing_ok=True)
    # Moved aside first, so that a process that still writes there cannot make the removal fail half-way.
    aside = Path(tempfile.mkdtemp(prefix=".removed-", dir=entry.parent))
    entry.rename(aside / entry.name)
    shutil.rmtree(aside, ignore_errors=True)


def _remove_strays(entry: Path, prefix: Path) -> None:
    """Remove what the uv of a killed harness wrote while this one was building."""
    for stray in entry.glob("prefix-*"):
        if stray != prefix:
            shutil.rmtree(stray, ignore_errors=True)


def _keep_log(entry: _Entry) -> Path:
    """Move the log of a failed build to where it stays, and free the disk."""
    kept = entry.folder.parent / "failed" / f"{entry.folder.name}.log"
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        entry.log.replace(kept)
        wipe(entry.folder)
    except OSError:
        return kept if kept.exists() else entry.log
    return kept
