"""What conda has installed in a prefix: the records in its ``conda-meta`` folder."""

from __future__ import annotations

from pathlib import Path

import msgspec


class InstalledFile(msgspec.Struct, frozen=True):
    """One file of a package.

    Attributes:
        path: below the prefix.
        placeholder: the prefix that was written into it by whoever built the package, and was replaced.
        size: in bytes, as packed; an installed file that had a placeholder may differ.
    """

    path: str = msgspec.field(name="_path")
    path_type: str = "hardlink"
    placeholder: str | None = msgspec.field(default=None, name="prefix_placeholder")
    size: int | None = msgspec.field(default=None, name="size_in_bytes")


class _Paths(msgspec.Struct, frozen=True):
    paths: tuple[InstalledFile, ...] = ()


class InstalledPackage(msgspec.Struct, frozen=True):
    """One package.

    Attributes:
        file: its name in the channel.
        sha256: of that file, empty if unknown.
    """

    name: str
    version: str
    file: str = msgspec.field(default="", name="fn")
    sha256: str = ""
    paths_data: _Paths = _Paths()

    @property
    def files(self) -> tuple[InstalledFile, ...]:
        """What it installed."""
        return self.paths_data.paths


def read(prefix: Path) -> tuple[InstalledPackage, ...]:
    """All packages, sorted by name; none if conda has not made this prefix.

    Raises:
        OSError: a record cannot be read.
        ValueError: a record is not what conda writes.
    """
    records = prefix.glob("conda-meta/*.json")
    found = [msgspec.json.decode(record.read_bytes(), type=InstalledPackage) for record in records]
    return tuple(sorted(found, key=lambda package: package.name))
