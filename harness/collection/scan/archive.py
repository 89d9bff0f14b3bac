"""Zip archives: names that lead out of a folder, links, bombs, and every entry that may be code."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import BinaryIO

from picklescan.relaxed_zipfile import RelaxedZipFile  # type: ignore[import-untyped]

from harness.collection.package import MAX_FILES
from harness.collection.scan.finding import MAX_PIECE, Budget, Finding, Level, Unreadable
from harness.collection.scan.piece import Piece
from harness.zip_directory import size_of_directory

_MAX_DIRECTORY = 1024 * MAX_FILES  # names of a kilobyte each; it is read before entries can be counted
# Weights compress to a half at best. Zeros compress 1000 times, and small files may hold nothing else.
_MAX_RATIO = 100
_RATIO_COUNTS_FROM = 256 * 1024**2
_NOT_LOOKED_INTO = "nothing in it was looked at"  # so that it is not clean, also if the rest is let through
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TORCH_PICKLE = "/data.pkl"  # in any case: torch does not tell them apart
_STORAGE = re.compile(r"(?P<root>[^/]+)/(data|constants)/\d+")

Look = Callable[[Piece], Iterator[Finding]]


def leads_out(name: str) -> bool:
    """Whether a relative path, of any operating system, is none or leaves its folder."""
    windows = PureWindowsPath(name)
    return bool(windows.drive or windows.root) or ".." in windows.parts or PurePosixPath(name).is_absolute()


def scan(piece: Piece, budget: Budget, *, look: Look) -> Iterator[Finding]:
    """What is wrong with the archive as such, and what ``look`` says of its entries.

    The bytes of torch's tensors are left out: nothing unpickles them, and some begin like a pickle by chance.

    Raises:
        Unreadable: it is damaged, or may look different to another reader, or what is wrong with it as such
            forbids to look into it.
    """
    stream = piece.stream()
    try:
        size = size_of_directory(stream)
    except zipfile.BadZipFile as error:
        raise Unreadable(str(error)) from error
    if size > _MAX_DIRECTORY:
        yield Finding(Level.DANGER, piece.where, f"is a zip archive whose list of entries has {size:,} bytes")
        raise Unreadable(_NOT_LOOKED_INTO)
    with RelaxedZipFile(stream) as archive:
        entries: list[zipfile.ZipInfo] = archive.infolist()
        if bomb := _bomb(entries, size=stream.seek(0, io.SEEK_END)):
            yield Finding(Level.DANGER, piece.where, bomb)
            raise Unreadable(_NOT_LOOKED_INTO)
        for entry in entries:
            yield from _refuse(piece.where, entry)
        pickled = [name for name in archive.namelist() if name.lower().endswith(_TORCH_PICKLE)]
        roots = {name[: -len(_TORCH_PICKLE)] for name in pickled}
        for entry in entries:
            storage = _STORAGE.fullmatch(entry.filename)
            if not entry.is_dir() and not (storage and storage["root"] in roots):
                member = _Member(piece.where, archive, entry, budget)
                yield from look(member)
                yield from member.damage()


class _Member:
    """An entry. It is read as torch does, which overlooks the checksum, the flags and the second name."""

    def __init__(self, where: str, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> None:
        self.where = f"{where}: {entry.filename}"
        self.name = entry.filename
        self._archive = archive
        self._entry = entry
        self._budget = budget
        self._whole: bytes | None = None

    def prefix(self, size: int) -> bytes:
        """Its first bytes. Raises Unreadable if it is packed as weights never are."""
        if self._entry.compress_type not in _METHODS:
            raise Unreadable(f"it is compressed by method {self._entry.compress_type}, only deflate is read")
        with self._archive.open(self._entry) as stream:
            data = self._budget.read(stream, size)
        if len(data) < size:
            self._whole = data
        return data

    def whole(self) -> bytes:
        """All of it. Raises Unreadable if that is too much."""
        data = self.prefix(MAX_PIECE + 1)
        if len(data) > MAX_PIECE:
            raise Unreadable(f"it is more than {MAX_PIECE >> 20} MiB")
        return data

    def stream(self) -> BinaryIO:
        """All of it."""
        return io.BytesIO(self.whole())

    def damage(self) -> Iterator[Finding]:
        """What makes its content doubtful, if it was looked at as a whole."""
        if self._whole is None:
            return
        what = "its checksum is wrong" if zlib.crc32(self._whole) != self._entry.CRC else ""
        what = "it is marked as encrypted" if self._entry.flag_bits & _ENCRYPTED else what
        if what:
            yield Finding(Level.UNREADABLE, self.where, f"cannot be scanned: {what}")


def _refuse(where: str, entry: zipfile.ZipInfo) -> Iterator[Finding]:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if leads_out(entry.filename):
        yield Finding(Level.DANGER, where, f"has the entry {entry.filename!r}, which leads out of its folder")
    elif kind == stat.S_IFLNK:
        yield Finding(Level.DANGER, where, f"has the entry {entry.filename!r}, which is a symbolic link")


def _bomb(entries: list[zipfile.ZipInfo], *, size: int) -> str:
    """Why it must not be unpacked; empty if it may."""
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES:
        return f"is a zip archive of {len(entries):,} entries, at most {MAX_FILES:,} are harmless"
    if packed > size:
        return "is a zip archive whose entries overlap, as those of zip bombs do"
    if unpacked > max(_RATIO_COUNTS_FROM, _MAX_RATIO * size):
        return f"is a zip archive of {size:,} bytes that unpacks to {unpacked:,}"
    return ""
