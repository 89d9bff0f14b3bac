"""Unpack the archive of an artifact, which a stranger may have made: all of it, or nothing.

What its headers state is not believed: bytes are counted while they are written, and what its names may be
is listed, not what they may not.
"""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

import msgspec

from harness.errors import OutputError, RefusedError
from harness.plain_text import one_line
from harness.zip_directory import size_of_directory

_GIB = 1024**3
_CHUNK = 1024**2
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# As every file of ledger, artifacts and plan is called: no hidden files, no drives, nothing but ASCII.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_LONGEST_NAME = 128
_LONGEST_ENTRY = 1024  # bytes of the directory for each entry, on average
# Small files may compress well: text that repeats itself, an empty picture.
_RATIO_COUNTS_FROM = 64 * 1024**2


class UnpackLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How large an archive may be.

    Attributes:
        zip_bytes: size of the archive itself.
        entries: files and folders in it.
        total_bytes: of all files when they are unpacked.
        file_bytes: of one file when it is unpacked.
        ratio: how many times larger its content may be than the archive; held from 64 MiB of content on.
        depth: how many names a path may have.
    """

    zip_bytes: int = _GIB
    entries: int = 50_000
    total_bytes: int = 4 * _GIB
    file_bytes: int = _GIB // 2
    ratio: int = 200
    depth: int = 8


DEFAULT = UnpackLimits()


def unpack(archive: Path, folder: Path, limits: UnpackLimits = DEFAULT) -> tuple[str, ...]:
    """Make ``folder`` with the archive's files; returns their paths in it, sorted, with ``/``.

    The files are plain, new and nobody's to execute. The folder appears when all of it was checked.

    Args:
        folder: must not be there, or be empty.

    Raises:
        RefusedError: names the entry and what is wrong with it, or the limit; nothing was unpacked.
        OutputError: the folder cannot be written.
    """
    shown = archive.name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        new = aside / "new"
        new.mkdir()
        paths = _unpack(archive, new, limits, shown)
        new.replace(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return paths


def _unpack(archive: Path, folder: Path, limits: UnpackLimits, shown: str) -> tuple[str, ...]:
    try:
        stream = archive.open("rb")
    except OSError as error:
        _refuse(shown, f"cannot be read ({error.strerror})")
    with stream:
        size = stream.seek(0, 2)
        if size > limits.zip_bytes:
            _refuse(shown, f"has {size:,} bytes, at most {limits.zip_bytes:,}")
        try:
            directory = size_of_directory(stream)
            most = limits.entries * _LONGEST_ENTRY
            if directory > most:  # it is read before entries can be counted
                _refuse(shown, f"lists its entries in {directory:,} bytes, at most {most:,}")
            package = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            _refuse(shown, f"is no readable zip archive ({error})")
        with package:
            entries = package.infolist()
            _check(entries, limits, shown)
            allowed = min(limits.total_bytes, max(_RATIO_COUNTS_FROM, limits.ratio * size))
            for entry in entries:
                if entry.is_dir():
                    (folder / entry.filename).mkdir(parents=True, exist_ok=True)
                else:
                    allowed -= _extract(package, entry, folder, min(limits.file_bytes, allowed), shown)
    return tuple(sorted(entry.filename for entry in entries if not entry.is_dir()))


def _check(entries: Sequence[zipfile.ZipInfo], limits: UnpackLimits, shown: str) -> None:
    """Refuse what can be seen without unpacking anything."""
    if len(entries) > limits.entries:
        _refuse(shown, f"has {len(entries):,} entries, at most {limits.entries:,}")
    files: set[str] = set()
    folders: set[str] = set()
    spelled: dict[str, str] = {}
    for entry in entries:
        for fault in _faults(entry, limits):
            _refuse(shown, f"entry {entry.orig_filename!r} {fault}")
        path = PurePosixPath(entry.filename)
        above = {str(parent) for parent in path.parents[:-1]}
        for each in (str(path), *above):  # not every system tells files apart by case
            if spelled.setdefault(each.lower(), each) != each:
                _refuse(shown, f"entry {entry.orig_filename!r} is there as {spelled[each.lower()]!r}, too")
        if str(path) in files or (str(path) in folders and not entry.is_dir()):
            _refuse(shown, f"entry {entry.orig_filename!r} is there twice")
        if clash := above & files:
            _refuse(shown, f"entry {entry.orig_filename!r} is in {min(clash)!r}, which is a file")
        folders |= above
        (folders if entry.is_dir() else files).add(str(path))


def _faults(entry: zipfile.ZipInfo, limits: UnpackLimits) -> Iterator[str]:
    """What is wrong with an entry by itself."""
    names = entry.orig_filename.removesuffix("/").split("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.filename != entry.orig_filename or not all(map(_NAME.fullmatch, names)):
        yield "is no path of plain names inside the folder"
    if max(map(len, names)) > _LONGEST_NAME:
        yield f"has a name of more than {_LONGEST_NAME} characters"
    if len(names) > limits.depth:
        yield f"is in {len(names) - 1} folders, at most {limits.depth - 1}"
    if kind not in (0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG):
        yield "is no plain file"
    if entry.flag_bits & _ENCRYPTED:
        yield "is encrypted"
    if entry.compress_type not in _METHODS:
        yield f"is compressed by method {entry.compress_type}; only deflate is read"


def _extract(package: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, allowed: int, shown: str) -> int:
    """Write one file; returns its size."""
    path = folder / entry.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        source = package.open(entry)
    except Exception as error:  # the reader raises whatever damaged headers make it raise
        _refuse_damaged(shown, entry, error)
    with source, path.open("xb") as target:
        while chunk := _read(source, entry, shown):
            written += len(chunk)
            if written > allowed:
                _refuse(shown, f"unpacks to too much: {entry.orig_filename!r} goes beyond {allowed:,} bytes")
            target.write(chunk)
    if written != entry.file_size:
        _refuse(shown, f"entry {entry.orig_filename!r} is smaller than it states")
    return written


def _read(source: IO[bytes], entry: zipfile.ZipInfo, shown: str) -> bytes:
    try:
        return source.read(_CHUNK)
    except Exception as error:  # every compression has errors of its own
        _refuse_damaged(shown, entry, error)


def _refuse_damaged(shown: str, entry: zipfile.ZipInfo, error: Exception) -> NoReturn:
    _refuse(shown, f"entry {entry.orig_filename!r} cannot be read ({str(error) or type(error).__name__})")


def _refuse(shown: str, what: str) -> NoReturn:
    raise RefusedError(one_line(f"{shown}: {what}"))


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{folder}: cannot be written ({error.strerror or error}); free space or choose another folder"
    )
