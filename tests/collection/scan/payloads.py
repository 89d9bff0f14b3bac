"""Files as attackers and accidents make them, written by hand. Nothing here is ever loaded."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.collection.scan import ScanResult, scan_files

HARMLESS = pickle.dumps(OrderedDict(a=1), 2)
OLD_TORCH = [
    pickle.dumps(0x1950A86A20F9469CFC6C, 2),
    pickle.dumps(1001, 2),
    pickle.dumps({"little_endian": True}, 2),
]
HDF5 = (
    b"\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00"
    + b"\x00" * 24
    + struct.pack("<Q", 100)
    + b"\x00" * 60
)


class Attack:
    """Unpickling one calls ``os.system``."""

    def __reduce__(self) -> tuple[Any, ...]:
        """What a pickle of it does."""
        return os.system, ("true",)


def attack(protocol: int = 2) -> bytes:
    """A pickle that would call ``os.system``, which Python calls ``posix.system`` or ``nt.system``."""
    return pickle.dumps({"weights": Attack()}, protocol)


def importing(module: str, name: str) -> bytes:
    """A pickle that imports a name, whatever characters it is made of."""
    texts = (text.encode("utf-8", "surrogatepass") for text in (module, name))
    pushed = b"".join(b"X" + struct.pack("<L", len(text)) + text for text in texts)
    return b"\x80\x04" + pushed + b"\x93."


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def torch_file(pickled: bytes, **more: bytes) -> bytes:
    """What ``torch.save`` writes: a pickle, and storages beside it."""
    return zipped(
        {
            "weights/data.pkl": pickled,
            "weights/data/0": b"\x80\x02 no pickle",
            "weights/version": b"3",
            **more,
        }
    )


def scan(folder: Path, data: bytes, name: str = "weights.pt") -> ScanResult:
    """The result for a file with this content and name."""
    path = folder / "content"
    path.write_bytes(data)
    return scan_files({name: path})


def field(number: int, *parts: bytes) -> bytes:
    """A field of a protocol buffer that has a length."""
    data = b"".join(parts)
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A number as protocol buffers write it."""
    coded = bytearray()
    while value > 0x7F:
        coded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*coded, value])
