"""Unpack a ``.zip`` package once, safely, into the cache."""

from __future__ import annotations

import contextlib
import errno
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from harness.collection.cache import cache_folder_for, writing_failed
from harness.collection.fault import ModelFault
from harness.collection.file_digests import FileDigests
from harness.collection.known import Known
from harness.verdict import Reason

MAX_FILES = 10_000
MAX_BYTES = 8 * 1024**3
_ENCRYPTED = 0x1
_REPLACE_ATTEMPTS = 3
_NAMES_THAT_CANNOT_BE = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EILSEQ)


def unpack(archive: Path, *, shown: str, digests: FileDigests | None = None) -> Path:
    """The folder with the package's content, named by the archive's sha256.

    It is unpacked aside and then renamed, so that it is whole; one that was changed since is unpacked again.

    Raises:
        ModelFault: ARCHIVE_UNSAFE with the entry that is no plain file below the folder, or the limit that it
            breaks; FILE_MISSING if the archive cannot be read; DISK_FULL.
        OutputError: the cache folder cannot be written.
    """
    try:
        hashes = digests or FileDigests(Known(None))
        digest = hashes.sha256(str(archive), archive.stat(), root=str(archive))
    except OSError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{shown}: cannot be read ({error.strerror})") from error
    packages = cache_folder_for("packages")
    folder = packages / digest
    with _opened(archive, shown) as package:
        if _is_whole(folder, package):
            return folder
        partial = Path(tempfile.mkdtemp(dir=packages, prefix=".part-"))
        try:
            _extract(package, partial / "new", shown)
            _replace(folder, partial, package)
        except OSError as error:
            if error.errno in _NAMES_THAT_CANNOT_BE:
                name = PurePosixPath(error.filename or "").name
                raise _unsafe(shown, f"entry {name!r} cannot be unpacked ({error.strerror})") from error
            raise writing_failed(shown, error) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def _replace(folder: Path, aside: Path, package: zipfile.ZipFile) -> None:
    """Put ``aside/new`` in the folder's place, unless another run was faster."""
    for attempt in range(_REPLACE_ATTEMPTS):
        try:
            (aside / "new").rename(folder)
        except OSError:
            if _is_whole(folder, package):
                return
            if attempt + 1 == _REPLACE_ATTEMPTS:
                raise
            with contextlib.suppress(FileNotFoundError):  # another run is replacing it, too
                folder.rename(aside / f"changed-{attempt}")
        else:
            return


def _opened(archive: Path, shown: str) -> zipfile.ZipFile:
    """The archive with entries that are safe to unpack."""
    try:
        package = zipfile.ZipFile(archive)
    except Exception as error:  # the reader raises whatever damaged tables make it raise
        raise _unsafe(shown, f"is no readable zip archive ({error})") from error
    try:
        _refuse_unsafe(package.infolist(), shown)
    except ModelFault:
        package.close()
        raise
    return package


def _is_whole(folder: Path, package: zipfile.ZipFile) -> bool:
    """Whether the folder holds the package's files, unchanged, and no other."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    expected = {str(PurePosixPath(e.filename)): e for e in package.infolist() if not e.is_dir()}
    try:
        found = {path.relative_to(folder).as_posix(): path for path in _files_below(folder)}
        return found.keys() == expected.keys() and all(
            path.stat().st_size == expected[name].file_size and _crc(path) == expected[name].CRC
            for name, path in found.items()
        )
    except OSError:
        return False


def _files_below(folder: Path) -> Iterator[Path]:
    """Everything below that is no folder; a link is listed, not followed."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            yield from _files_below(path)
        elif path.is_symlink() or not path.is_file():
            raise FileNotFoundError(f"{path} is no plain file")
        else:
            yield path


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            crc = zlib.crc32(chunk, crc)
    return crc


def _refuse_unsafe(entries: list[zipfile.ZipInfo], shown: str) -> None:
    if len(entries) > MAX_FILES:
        raise _unsafe(shown, f"has {len(entries):,} entries, at most {MAX_FILES:,}")
    if (total := sum(entry.file_size for entry in entries)) > MAX_BYTES:
        raise _unsafe(shown, f"unpacks to {total:,} bytes, at most {MAX_BYTES:,}")
    names: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise _unsafe(shown, f"entry {entry.filename!r} is no path inside the package")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _unsafe(shown, f"entry {entry.filename!r} is no plain file")
        if entry.flag_bits & _ENCRYPTED:
            raise _unsafe(shown, f"entry {entry.filename!r} is encrypted")
        if str(path).casefold() in names:
            raise _unsafe(shown, f"entry {entry.filename!r} is there twice")
        names.add(str(path).casefold())


def _extract(package: zipfile.ZipFile, target: Path, shown: str) -> None:
    target.mkdir()
    for entry in package.infolist():
        path = target / entry.filename
        (path if entry.is_dir() else path.parent).mkdir(parents=True, exist_ok=True)
        if entry.is_dir():
            continue
        try:
            source = package.open(entry)
        except Exception as error:  # a damaged local header, an unknown compression
            raise _damaged(shown, entry, error) from error
        with source, path.open("xb") as stream:
            _copy(source, stream, entry, shown)


def _copy(source: IO[bytes], target: IO[bytes], entry: zipfile.ZipInfo, shown: str) -> None:
    """Copy one entry; reading stops at the stated size and checks the stated CRC: no header can lie."""
    written = 0
    while True:
        try:
            chunk = source.read(1 << 20)
        except Exception as error:  # every compression has errors of its own
            raise _damaged(shown, entry, error) from error
        if not chunk:
            break
        written += target.write(chunk)
    if written != entry.file_size:
        raise _unsafe(shown, f"entry {entry.filename!r} is smaller than it states")


def _damaged(shown: str, entry: zipfile.ZipInfo, error: Exception) -> ModelFault:
    return _unsafe(shown, f"entry {entry.filename!r} cannot be read ({str(error) or type(error).__name__})")


def _unsafe(shown: str, what: str) -> ModelFault:
    return ModelFault(Reason.ARCHIVE_UNSAFE, f"{shown}: {what}")
