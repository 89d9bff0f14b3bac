"""The files of a published site: written one by one without half pages, and removed when they are gone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError

MANIFEST = "data/manifest.json"
_SCHEMA = 1


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Which files of the site folder are ours, relative to it."""

    schema: int
    files: tuple[str, ...]


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

    def finish(self) -> list[Path]:
        """Remove what is gone; returns the files of the site, sorted."""
        for address in self._former - self._written.keys() - {MANIFEST}:
            self._remove(address)
        self._write_manifest(self._written.keys() | {MANIFEST})
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

    def _write_manifest(self, files: Iterable[str]) -> None:
        jsonio.write(self._site / MANIFEST, _Manifest(schema=_SCHEMA, files=tuple(sorted(files))))


def _former_files(site: Path) -> set[str]:
    path = site / MANIFEST
    if not path.exists():
        return set()
    manifest = jsonio.read(path, _Manifest)
    if manifest.schema != _SCHEMA:
        raise ConfigurationError(
            f"{path}: schema {manifest.schema} is not known; delete the site and rebuild it"
        )
    for address in manifest.files:
        if PurePosixPath(address).is_absolute() or ".." in PurePosixPath(address).parts:
            raise ConfigurationError(
                f"{path}: {address!r} is no file of the site; delete the site and rebuild it"
            )
    return set(manifest.files)
