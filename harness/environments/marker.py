"""``ready.json``: the proof that an environment is complete, and what was found in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from harness import jsonio
from harness.cell import EnvironmentRef
from harness.environments.backend import BackendModule
from harness.environments.docker import images
from harness.errors import ConfigurationError

FILE = "ready.json"


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What is written last, after the health check.

    Attributes:
        digest: of the specification that was built.
        prefix: name of the environment's folder in the entry.
        seconds: wall time of the build.
        size_bytes: see :class:`harness.environments.built.BuiltEnvironment`.
    """

    schema: Literal[1] = 1
    name: str
    digest: str
    prefix: str
    python_version: str
    packages: dict[str, str]
    seconds: float
    size_bytes: int


def describe(ref: EnvironmentRef, module: BackendModule, prefix: Path, *, seconds: float) -> Marker:
    """The marker of what was built in ``prefix``."""
    return Marker(
        name=ref.name,
        digest=ref.digest,
        prefix=prefix.name,
        python_version=module.python_version(prefix),
        packages=module.packages(prefix),
        seconds=round(seconds, 3),
        size_bytes=images.size(prefix) or _size(prefix),
    )


def write(entry: Path, marker: Marker) -> None:
    """Declare the entry ready; raises OutputError."""
    jsonio.write(entry / FILE, marker)


def read(entry: Path) -> Marker | None:
    """The marker of an entry; None if it has none that can be read: then the entry is leftovers."""
    try:
        return jsonio.read(entry / FILE, Marker)
    except ConfigurationError:
        return None


def _size(folder: Path) -> int:
    """Bytes of all files below; one with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            found = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - tens of thousands of files
            seen[found.st_dev, found.st_ino] = found.st_size
    return sum(seen.values())
