"""Resolve the files that a description names: inside the package, there, and with the stated sha256."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from harness.collection import fetch
from harness.collection.cache import file_sha256
from harness.collection.fault import ModelFault
from harness.collection.named_files import NamedFile
from harness.verdict import Reason

__all__ = ["Located", "Stamp", "file_sha256", "hash_files", "stamp"]


class Stamp(NamedTuple):
    """By what a file is known to be unchanged without reading it."""

    size: int
    mtime_ns: int


class _Read(NamedTuple):
    path: Path
    sha256: str
    stamp: Stamp | None  # from before it was read; None for what the cache keeps by sha256


class Hashed(NamedTuple):
    """Every named file by source; a stamp for those that are files of the model's own folder."""

    paths: dict[str, Path]
    digests: dict[str, str]
    stamps: dict[str, Stamp]


def stamp(path: Path) -> Stamp:
    """The file's stamp as of now; raises OSError."""
    found = path.stat()
    return Stamp(size=found.st_size, mtime_ns=found.st_mtime_ns)


class Located:
    """Where the files of one model are. ``base_url`` is the description's URL for a model of the web."""

    def __init__(self, folder: Path, *, base_url: str | None = None) -> None:
        self.folder = folder
        self.base_url = base_url

    def find(self, file: NamedFile) -> _Read:
        """The file on this machine, fetched if need be, with its actual sha256.

        Raises:
            ModelFault: SOURCE_OUTSIDE_PACKAGE, FILE_MISSING, SHA256_MISMATCH, DOWNLOAD_FAILED or DISK_FULL,
                with the field.
        """
        url = file.source if file.remote else None
        if url is None:
            relative = _inside(file)
            if self.base_url is None:
                return _plain_file(self.folder, relative, file)
            url = _beside(self.base_url, file.source)
        try:
            path = fetch.download(url, sha256=file.sha256)
        except ModelFault as fault:
            raise ModelFault(fault.reason, f"field {file.field}: {fault.message}") from fault
        return _Read(path, path.name, None)


def _is_lfs_pointer(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(40).startswith(b"version https://git-lfs")


def hash_files(files: Iterable[NamedFile], located: Located) -> Hashed:
    """Every named file's path and its actual sha256.

    Raises:
        ModelFault: as ``Located.find``; SHA256_MISMATCH names field, file and both digests.
    """
    found: dict[str, _Read] = {}
    for file in files:
        if file.source not in found:
            found[file.source] = located.find(file)
        actual = found[file.source].sha256
        if file.sha256 and actual != file.sha256.strip().lower():
            what = f"has sha256 {actual}, the description states {file.sha256}"
            if _is_lfs_pointer(found[file.source].path):
                what = "is a Git LFS pointer instead of the file; run `git lfs pull`"
            raise ModelFault(Reason.SHA256_MISMATCH, f"field {file.field}: {file.source!r} {what}")
    return Hashed(
        paths={source: read.path for source, read in found.items()},
        digests={source: read.sha256 for source, read in found.items()},
        stamps={source: read.stamp for source, read in found.items() if read.stamp is not None},
    )


def _inside(file: NamedFile) -> PurePosixPath:
    relative = PurePosixPath(file.source)
    absolute = relative.is_absolute() or PureWindowsPath(file.source).is_absolute() or "\\" in file.source
    if absolute or ".." in relative.parts or urlsplit(file.source).scheme:
        raise ModelFault(
            Reason.SOURCE_OUTSIDE_PACKAGE,
            f"field {file.field}: {file.source!r} is no path inside the package",
        )
    return relative


def _plain_file(folder: Path, relative: PurePosixPath, file: NamedFile) -> _Read:
    """The file below ``folder``, reached without a link, since a link may lead anywhere; and its sha256."""
    where = f"field {file.field}: {file.source!r}"
    path = folder
    try:
        for part in relative.parts:
            path /= part
            if path.is_symlink():
                raise ModelFault(
                    Reason.SOURCE_OUTSIDE_PACKAGE, f"{where} goes through the symbolic link {path.name!r}"
                )
        if path.is_file():
            before = stamp(path)
            return _Read(path, file_sha256(path), before)
    except (OSError, ValueError) as error:  # no permission, a name too long or with a NUL
        why = error.strerror if isinstance(error, OSError) else error
        raise ModelFault(Reason.FILE_MISSING, f"{where} cannot be read ({why})") from error
    what = "is a folder" if path.is_dir() else "is not in the package"
    raise ModelFault(Reason.FILE_MISSING, f"{where} {what}")


def _beside(base_url: str, source: str) -> str:
    """The URL of a relative source; the query (a version, say) is the description's."""
    base = urlsplit(base_url)
    joined = urlsplit(urljoin(base_url, quote(source)))
    return urlunsplit(joined._replace(query=base.query))
