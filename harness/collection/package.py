"""Unpack a ``.zip`` package once, safely, into the cache."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from harness.collection.fault import ModelFault
from harness.collection.fetch import cache_folder
from harness.verdict import Reason

MAX_FILES = 10_000
MAX_BYTES = 8 * 1024**3


def unpack(archive: Path, *, shown: str) -> Path:
    """The folder with the package's content, named by the archive's sha256; unpacked before it is kept.

    Raises:
        ModelFault: ARCHIVE_UNSAFE with the entry that is no plain file below the folder, or the limit that it
            breaks; FILE_MISSING if the archive cannot be read.
    """
    try:
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelFault(Reason.FILE_MISSING, f"{shown}: cannot be read ({error.strerror})") from error
    folder = cache_folder().parent / "packages" / digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    try:
        _extract(archive, partial, shown)
        try:
            partial.rename(folder)
        except OSError:  # another run was faster
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _extract(archive: Path, target: Path, shown: str) -> None:
    try:
        with zipfile.ZipFile(archive) as package:
            entries = package.infolist()
            _refuse_unsafe(entries, shown)
            for entry in entries:
                _extract_entry(package, entry, target, shown)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ModelFault(Reason.ARCHIVE_UNSAFE, f"{shown}: is no readable zip archive ({error})") from error


def _refuse_unsafe(entries: list[zipfile.ZipInfo], shown: str) -> None:
    if len(entries) > MAX_FILES:
        raise ModelFault(
            Reason.ARCHIVE_UNSAFE, f"{shown}: has {len(entries):,} entries, at most {MAX_FILES:,}"
        )
    if (total := sum(entry.file_size for entry in entries)) > MAX_BYTES:
        raise ModelFault(Reason.ARCHIVE_UNSAFE, f"{shown}: unpacks to {total:,} bytes, at most {MAX_BYTES:,}")
    names: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise ModelFault(Reason.ARCHIVE_UNSAFE, f"{shown}: entry {entry.filename!r} leaves the package")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ModelFault(Reason.ARCHIVE_UNSAFE, f"{shown}: entry {entry.filename!r} is no plain file")
        if entry.filename.casefold() in names:
            raise ModelFault(Reason.ARCHIVE_UNSAFE, f"{shown}: entry {entry.filename!r} is there twice")
        names.add(entry.filename.casefold())


def _extract_entry(package: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, shown: str) -> None:
    path = target / entry.filename
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with package.open(entry) as source, path.open("wb") as stream:
        while chunk := source.read(1 << 20):
            written += len(chunk)
            if written > entry.file_size:  # the header lies: a bomb
                raise ModelFault(
                    Reason.ARCHIVE_UNSAFE, f"{shown}: entry {entry.filename!r} is larger than it states"
                )
            stream.write(chunk)
