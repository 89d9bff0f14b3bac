"""What the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.cell import Backend, EnvironmentRef
from harness.environments import marker, store
from harness.paths import cache_folder


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One ready environment of the store.

    Attributes:
        ref: its name in cells and records.
        folder: its entry.
        python_version: full version of its interpreter.
        packages: what is installed, name to version.
        seconds: wall time of its build.
        size_bytes: see :class:`harness.environments.built.BuiltEnvironment`.
        built_at: seconds since the epoch.
        used_at: likewise, when something ran in it last; the build counts.
    """

    ref: EnvironmentRef
    folder: Path
    python_version: str
    packages: dict[str, str]
    seconds: float
    size_bytes: int
    built_at: float
    used_at: float


def stored() -> list[Stored]:
    """Every environment with a marker, sorted by name; leftovers are not among them."""
    found = [ready for backend, folder in entries() if (ready := _stored(backend, folder))]
    return sorted(found, key=lambda item: (item.ref.name, item.ref.backend.value, item.ref.digest))


def find(ref: EnvironmentRef) -> Stored | None:
    """The environment of this name in cells and records, None if it is not built."""
    found = _stored(ref.backend, store.entry_folder(ref))
    return found if found and found.ref.digest == ref.digest else None


def entries() -> Iterator[tuple[Backend, Path]]:
    """Every folder of the store that a build was begun in."""
    for backend in Backend:
        root = cache_folder() / "environments" / backend.value
        for log in sorted(root.glob("*/build.log")):
            yield backend, log.parent


def _stored(backend: Backend, folder: Path) -> Stored | None:
    ready = marker.read(folder)
    if ready is None:
        return None
    try:
        built_at = (folder / marker.FILE).stat().st_mtime
    except OSError:  # removed at this moment
        return None
    return Stored(
        ref=EnvironmentRef(name=ready.name, backend=backend, digest=ready.digest),
        folder=folder,
        python_version=ready.python_version,
        packages=ready.packages,
        seconds=ready.seconds,
        size_bytes=ready.size_bytes,
        built_at=built_at,
        used_at=max(built_at, _modified(folder / store.LAST_USED)),
    )


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
