"""The files of a published site: written one by one without half pages, and removed when they are gone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError

MANIFEST = "data/manifest.json"
_SCHEMA = 1


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Which files of the site folder are ours, relative to it.

    ``made_from`` is the digest of what the site shows, empty while it is written.
    """

    schema: int
    files: tuple[str, ...]
    made_from: str = ""


def is_made_from(site: Path, digest: str) -> bool:
    """Whether all files of a site are there that shows what this is the digest of.

    Raises:
        ConfigurationError: the manifest cannot be read.
    """
    manifest = _read_manifest(site / MANIFEST)
    # There may be tens of thousands of files: no Path is made for each.
    return manifest.made_from == digest and all(
        os.path.isfile(f"{site}{os.sep}{address}")  # noqa: PTH113
        for address in manifest.files
    )


class Publication:
    """One rebuild of a site folder.

    Files that a former rebuild wrote and this one did not are removed by :meth:`finish`; a file that
    somebody else put into the folder stays. A rebuild that is cut short leaves the old pages, and what it
    wrote is still known as ours: the manifest names files before they are there.

    Raises:
        ConfigurationError: the manifest of the former rebuild cannot be read.
    """

    def __init__(self, site: Path) -> None:
        self._site = site
        self._former = _former_files(site)
        self._announced = self._former | {MANIFEST}
        self._written: dict[str, Path] = {}

    def announce(self, addresses: Iterable[str]) -> None:
        """Say which files will be written.

        Raises:
            OutputError: the manifest cannot be written.
        """
        self._announced.update(addresses)
        self._write_manifest(self._announced)

    def write(self, address: str, data: bytes) -> None:
        """Write one of the announced files.

        Raises:
            OutputError: the file cannot be written.
        """
        if address not in self._announced:
            raise ValueError(f"{address} was not announced")
        path = self._site / address
        jsonio.write_bytes(path, data)
        self._written[address] = path

    def finish(self, *, made_from: str = "") -> list[Path]:
        """Remove what is gone; returns the files of the site, sorted. ``made_from``: see ``is_made_from``."""
        for address in self._former - self._written.keys() - {MANIFEST}:
            self._remove(address)
        self._write_manifest(self._written.keys() | {MANIFEST}, made_from)
        return sorted([*self._written.values(), self._site / MANIFEST])

    def _remove(self, address: str) -> None:
        path = self._site / address
        # A folder that became a link leads out of the site: what is there is not ours.
        if not path.parent.resolve().is_relative_to(self._site.resolve()):
            return
        path.unlink(missing_ok=True)
        for folder in path.relative_to(self._site).parents[:-1]:
            if any((self._site / folder).iterdir()):
                break
            (self._site / folder).rmdir()

    def _write_manifest(self, files: Iterable[str], made_from: str = "") -> None:
        manifest = _Manifest(schema=_SCHEMA, files=tuple(sorted(files)), made_from=made_from)
        jsonio.write(self._site / MANIFEST, manifest)


def _former_files(site: Path) -> set[str]:
    path = site / MANIFEST
    manifest = _read_manifest(path)
    for address in manifest.files:
        if PurePosixPath(address).is_absolute() or ".." in PurePosixPath(address).parts:
            raise ConfigurationError(
                f"{path}: {address!r} is no file of the site; delete the site and rebuild it"
            )
    return set(manifest.files)


def _read_manifest(path: Path) -> _Manifest:
    """The manifest, an empty one if there is none; raises ConfigurationError."""
    if not path.exists():
        return _Manifest(schema=_SCHEMA, files=())
    manifest = jsonio.read(path, _Manifest)
    if manifest.schema != _SCHEMA:
        raise ConfigurationError(
            f"{path}: schema {manifest.schema} is not known; delete the site and rebuild it"
        )
    return manifest
