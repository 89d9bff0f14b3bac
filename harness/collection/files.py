"""Resolve the files that a description names: inside the package, there, and with the stated sha256."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from stat import S_IFDIR, S_ISDIR, S_ISLNK, S_ISREG
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from harness.collection import fetch
from harness.collection.cache import file_sha256
from harness.collection.description_yaml import MAX_BYTES, read_bytes
from harness.collection.fault import ModelFault
from harness.collection.file_digests import FileDigests
from harness.collection.named_files import NamedFile
from harness.verdict import Reason

__all__ = ["Hashed", "Located", "Stamp", "file_sha256", "hash_description", "hash_files", "parts_of", "stamp"]


class Stamp(NamedTuple):
    """By what a file is known to be unchanged without reading it."""

    size: int
    mtime_ns: int


class _Read(NamedTuple):
    path: str
    sha256: str
    stamp: Stamp | None  # from before it was read; None for what the cache keeps by sha256


def stamp(path: Path) -> Stamp:
    """The file's stamp as of now; raises OSError."""
    found = path.stat()
    return Stamp(size=found.st_size, mtime_ns=found.st_mtime_ns)


class Hashed(NamedTuple):
    """Every named file by source; a stamp for those of the model's own folder, a path for all others."""

    digests: dict[str, str]
    stamps: dict[str, Stamp]
    downloaded: dict[str, str]


class Located:
    """Where the files of one model are. ``base_url`` is the description's URL for a model of the web."""

    def __init__(self, folder: Path, *, base_url: str | None = None) -> None:
        self.folder = folder
        self.base_url = base_url
        self._root = str(folder)

    def find(self, file: NamedFile, digests: FileDigests) -> _Read:
        """The file on this machine, fetched if need be, with its actual sha256.

        Raises:
            ModelFault: SOURCE_OUTSIDE_PACKAGE, FILE_MISSING, SHA256_MISMATCH, DOWNLOAD_FAILED or DISK_FULL,
                with the field.
        """
        url = file.source if file.remote else None
        if url is None:
            parts = parts_of(file.source)
            if parts is None:
                raise _fault(file, "is no path inside the package", Reason.SOURCE_OUTSIDE_PACKAGE)
            if self.base_url is None:
                return _plain_file(self._root, parts, file, digests)
            url = _beside(self.base_url, file.source)
        try:
            path = fetch.download(url, sha256=file.sha256, digests=digests)
        except ModelFault as fault:
            raise ModelFault(fault.reason, f"field {file.field}: {fault.message}") from fault
        return _Read(str(path), path.name, None)


def _is_lfs_pointer(path: str) -> bool:
    with Path(path).open("rb") as stream:
        return stream.read(40).startswith(b"version https://git-lfs")


def hash_description(
    path: Path, located: Located, shown: str, digests: FileDigests
) -> tuple[Stamp | None, str]:
    """The description's stamp, None for one that was downloaded, and its sha256.

    Raises:
        ModelFault: it cannot be read, or is larger than a description can be.
    """
    if located.base_url is not None:
        return None, path.name
    try:
        found = path.stat()
        if found.st_size > MAX_BYTES:
            read_bytes(path, shown=shown)  # says so
        before = Stamp(size=found.st_size, mtime_ns=found.st_mtime_ns)
        root = str(path.parent)
        return before, digests.sha256(f"{root}{os.sep}{path.name}", found, root=root)
    except OSError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{shown}: cannot be read ({error.strerror})") from error


def hash_files(files: Iterable[NamedFile], located: Located, digests: FileDigests) -> Hashed:
    """Every named file's actual sha256, and what is known of where it is.

    Raises:
        ModelFault: as ``Located.find``; SHA256_MISMATCH names field, file and both digests.
    """
    found: dict[str, _Read] = {}
    for file in files:
        if file.source not in found:
            found[file.source] = located.find(file, digests)
        actual = found[file.source].sha256
        if file.sha256 and actual != file.sha256.strip().lower():
            what = f"has sha256 {actual}, the description states {file.sha256}"
            if _is_lfs_pointer(found[file.source].path):
                what = "is a Git LFS pointer instead of the file; run `git lfs pull`"
            raise _fault(file, what, Reason.SHA256_MISMATCH)
    return Hashed(
        digests={source: read.sha256 for source, read in found.items()},
        stamps={source: read.stamp for source, read in found.items() if read.stamp is not None},
        downloaded={source: read.path for source, read in found.items() if read.stamp is None},
    )


@functools.lru_cache(maxsize=4096)  # models of a collection name their files alike
def parts_of(source: str) -> tuple[str, ...] | None:
    """The parts of a path inside the package; None if it is none."""
    relative = PurePosixPath(source)
    absolute = relative.is_absolute() or PureWindowsPath(source).is_absolute() or "\\" in source
    if absolute or ".." in relative.parts or urlsplit(source).scheme:
        return None
    return relative.parts


def _plain_file(root: str, parts: tuple[str, ...], file: NamedFile, digests: FileDigests) -> _Read:
    """The file below ``root``, reached without a link, since a link may lead anywhere; and its sha256."""
    path, mode = root, S_IFDIR
    try:
        for part in parts:
            path = f"{path}{os.sep}{part}"
            found = os.lstat(path)
            mode = found.st_mode
            if S_ISLNK(mode):
                what = f"goes through the symbolic link {part!r}"
                raise _fault(file, what, Reason.SOURCE_OUTSIDE_PACKAGE)
        if S_ISREG(mode):
            digest = digests.sha256(path, found, root=root)
            return _Read(path, digest, Stamp(found.st_size, found.st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except (OSError, ValueError) as error:  # no permission, a name too long or with a NUL
        why = error.strerror if isinstance(error, OSError) else error
        raise _fault(file, f"cannot be read ({why})", Reason.FILE_MISSING) from error
    what = "is a folder" if S_ISDIR(mode) else "is not in the package"
    raise _fault(file, what, Reason.FILE_MISSING)


def _fault(file: NamedFile, what: str, reason: Reason) -> ModelFault:
    return ModelFault(reason, f"field {file.field}: {file.source!r} {what}")


def _beside(base_url: str, source: str) -> str:
    """The URL of a relative source; the query (a version, say) is the description's."""
    base = urlsplit(base_url)
    joined = urlsplit(urljoin(base_url, quote(source)))
    return urlunsplit(joined._replace(query=base.query))
