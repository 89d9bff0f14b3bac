"""Whether all readers of a zip archive see the same entries.

The directory is at the end of the file. Python looks for it right before the end record, other readers, as
that of torch, at the place that the record states: an archive can show each of them other entries.
"""

from __future__ import annotations

import struct
import zipfile
from typing import BinaryIO

_END, _END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 0xFFFF
_END_64, _END_64_SIZE = b"PK\x06\x06", 56
_LOCATOR_64, _LOCATOR_64_SIZE = b"PK\x06\x07", 20


def size_of_directory(stream: BinaryIO) -> int:
    """In bytes, as every reader understands it.

    Raises:
        BadZipFile: there is none, or there is more than one way to find it.
    """
    tail_at = max(0, stream.seek(0, 2) - _END_SIZE - _LONGEST_COMMENT)
    stream.seek(tail_at)
    tail = stream.read()
    found = tail.rfind(_END)
    if not 0 <= found <= len(tail) - _END_SIZE:
        raise zipfile.BadZipFile("it has no list of its entries, so it is cut off or no zip archive")
    end = tail_at + found
    size, offset = struct.unpack_from("<LL", tail, found + 12)
    locator = _read_at(stream, end - _LOCATOR_64_SIZE, _LOCATOR_64_SIZE)
    if locator.startswith(_LOCATOR_64):
        (stated,) = struct.unpack_from("<Q", locator, 8)
        end -= _LOCATOR_64_SIZE + _END_64_SIZE
        record = _read_at(stream, end, _END_64_SIZE)
        if stated != end or not record.startswith(_END_64):
            raise _ambiguous()
        size, offset = struct.unpack_from("<QQ", record, 40)
    if offset + size != end:
        raise _ambiguous()
    return int(size)


def _read_at(stream: BinaryIO, place: int, size: int) -> bytes:
    if place < 0:
        return b""
    stream.seek(place)
    return stream.read(size)


def _ambiguous() -> zipfile.BadZipFile:
    return zipfile.BadZipFile(
        "the list of its entries is not where it states, so readers may see different entries"
    )
