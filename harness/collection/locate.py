"""Go from a place where a model was found to its description on this machine: fetched, unpacked, verified."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import urlsplit

from harness.collection import fetch, package
from harness.collection.cache import file_sha256
from harness.collection.description_yaml import FILE_NAMES
from harness.collection.fault import ModelFault
from harness.collection.file_digests import FileDigests
from harness.collection.files import Located
from harness.collection.index import Found, description_in, has_description
from harness.verdict import Reason


def locate(found: Found, digests: FileDigests) -> tuple[Path, Located]:
    """The description on this machine, and where its files are.

    Raises:
        ModelFault: there is none, it is reached through a link, its package cannot be unpacked, it cannot be
            fetched, or it is not what the index states.
        OutputError: the cache folder cannot be written.
    """
    if found.url is not None:
        path = _download(found, found.url, digests)
        if urlsplit(found.url).path.lower().endswith(".zip"):
            return _in_package(path, found.source, digests)
        return path, Located(path.parent, base_url=found.url)
    assert found.path is not None, "a model found has a path or a URL"  # noqa: S101
    path = found.path
    try:
        kind = path.lstat().st_mode
        if stat.S_ISLNK(kind):
            if not found.named:
                what = "is a symbolic link; put the model itself there, or name the link's target"
                raise ModelFault(Reason.SOURCE_OUTSIDE_PACKAGE, f"{found.source}: {what}")
            kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            description, located = _in_folder(path, found.source)
            _hold_against_index(found, description)
            return description, located
        _hold_against_index(found, path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelFault(Reason.FILE_MISSING, f"{found.source}: does not exist") from error
    except OSError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{found.source}: cannot be read ({error.strerror})") from error
    if path.suffix.lower() == ".zip":
        return _in_package(path, found.source, digests)
    return path, Located(path.parent)


def _download(found: Found, url: str, digests: FileDigests) -> Path:
    try:
        return fetch.download(url, sha256=found.sha256, digests=digests)
    except ModelFault as fault:
        if fault.reason is not Reason.SHA256_MISMATCH:
            raise
        what = f"field {found.sha256_field} of the index: {fault.message}"
        raise ModelFault(fault.reason, what) from fault


def _hold_against_index(found: Found, path: Path) -> None:
    """Refuse a description or package that is another one than the index lists; may raise OSError."""
    if found.sha256 and (actual := file_sha256(path)) != found.sha256.strip().lower():
        raise ModelFault(
            Reason.SHA256_MISMATCH,
            f"field {found.sha256_field} of the index: {found.source!r} has sha256 {actual}, "
            f"the index states {found.sha256!r:.100}",
        )


def _in_package(archive: Path, source: str, digests: FileDigests) -> tuple[Path, Located]:
    """The description at the top of a package, or in the only folder there is (as GitHub packs)."""
    folder = package.unpack(archive, shown=source, digests=digests)
    if not has_description(folder):
        folders = [f for f in folder.iterdir() if f.is_dir() and not f.name.startswith((".", "__"))]
        if len(folders) == 1 and has_description(folders[0]):
            folder = folders[0]
    return _in_folder(folder, source)


def _in_folder(folder: Path, source: str) -> tuple[Path, Located]:
    name, kind = description_in(folder)
    if stat.S_ISLNK(kind):
        raise ModelFault(Reason.SOURCE_OUTSIDE_PACKAGE, f"{source}: {name} is a symbolic link")
    if not name:
        raise ModelFault(
            Reason.FILE_MISSING, f"{source}: holds no description; add {' or '.join(FILE_NAMES[:2])}"
        )
    return folder / name, Located(folder)
