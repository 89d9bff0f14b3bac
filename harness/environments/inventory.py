"""What the store holds, and making room in it."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from harness.cell import Backend, EnvironmentRef
from harness.environments import bytecode, marker, store
from harness.paths import cache_folder


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One ready environment of the store.

    Attributes:
        ref: its name in cells and records.
        folder: its entry.
        python_version: full version of its interpreter.
        packages: how many there are.
        seconds: wall time of its build.
        size_bytes: see :class:`harness.environments.built.BuiltEnvironment`.
    """

    ref: EnvironmentRef
    folder: Path
    python_version: str
    packages: int
    seconds: float
    size_bytes: int


def stored() -> list[Stored]:
    """Every environment with a marker, sorted by name; leftovers are not among them."""
    found: list[Stored] = []
    for backend, folder in _entries():
        if ready := marker.read(folder):
            found.append(
                Stored(
                    ref=EnvironmentRef(name=ready.name, backend=backend, digest=ready.digest),
                    folder=folder,
                    python_version=ready.python_version,
                    packages=len(ready.packages),
                    seconds=ready.seconds,
                    size_bytes=ready.size_bytes,
                )
            )
    return sorted(found, key=lambda item: (item.ref.name, item.ref.backend.value, item.ref.digest))


def prune(keep: Collection[EnvironmentRef]) -> list[Path]:
    """Remove all environments and leftovers except those in ``keep``; answers the entries that went.

    One that is being built at this moment stays. One that something runs in is not protected: pass it in
    ``keep``.
    """
    kept = {store.entry_folder(ref) for ref in keep}
    gone: list[Path] = []
    for _, folder in _entries():
        if folder in kept:
            continue
        try:
            with FileLock(store.lock_file(folder), timeout=0):
                store.wipe(folder)
        except Timeout:
            continue
        gone.append(folder)
    for aside in (cache_folder() / "environments").glob("*/.removed-*"):
        shutil.rmtree(aside, ignore_errors=True)
    bytecode.forget_unused()
    return gone


def _entries() -> Iterator[tuple[Backend, Path]]:
    for backend in Backend:
        root = cache_folder() / "environments" / backend.value
        for log in sorted(root.glob("*/build.log")):
            yield backend, log.parent
