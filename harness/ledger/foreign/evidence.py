"""Files that a stranger's records name: only of known kinds, and only what their names say."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from harness.errors import RefusedError
from harness.ledger.foreign.files import read_file
from harness.ledger.record import Artifact

_MIB = 1024**2
_MOST_PIXELS = 64_000_000  # what a viewer has to unpack
_PNG, _HEADER = b"\x89PNG\r\n\x1a\n", b"\0\0\0\rIHDR"


class _Kind(NamedTuple):
    """What files of a kind are called, and how large they may be."""

    suffixes: tuple[str, ...]
    bytes: int


_KINDS = {
    "log": _Kind((".txt",), _MIB),
    "build-log": _Kind((".txt",), _MIB),
    "cover": _Kind((".png", ".jpg", ".jpeg", ".gif", ".webp"), 4 * _MIB),
    "picture": _Kind((".png",), 8 * _MIB),
    "array": _Kind((".npy",), 16 * _MIB),
}
_BEGINS = {
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".gif": b"GIF8",
    ".webp": b"RIFF",
    ".npy": b"\x93NUMPY",
}
_NAME = re.compile(r"(?P<digest>[0-9a-f]{32})(?P<suffix>\.[a-z]+)")


def check_path(artifact: Artifact) -> None:
    """Whether the harness may have called a file so.

    Raises:
        RefusedError: its kind is unknown, or its path is not ``KINDs/DIGEST.SUFFIX``.
    """
    kind = _KINDS.get(artifact.kind)
    if kind is None:
        raise RefusedError(f"names a file of the unknown kind {artifact.kind[:40]!r}")
    folder, _, name = artifact.path.partition("/")
    match = _NAME.fullmatch(name)
    if folder != f"{artifact.kind}s" or match is None or match["suffix"] not in kind.suffixes:
        raise RefusedError(f"names a {artifact.kind} by the path {artifact.path[:80]!r}")


def read_evidence(folder: Path, artifact: Artifact) -> bytes:
    """The content of a file with a checked path in ``folder``.

    Raises:
        RefusedError: it is not there, no plain file, too large, not what its name is the digest of, or not of
            its kind.
    """
    data = read_file(folder, artifact.path, most=_KINDS[artifact.kind].bytes)
    name = Path(artifact.path)
    if hashlib.sha256(data).hexdigest()[:32] != name.stem or len(data) != artifact.bytes:
        raise RefusedError(f"{artifact.path}: is not the file that the record names: its content is another")
    if not _is_a(name.suffix, data):
        raise RefusedError(f"{artifact.path}: is no {name.suffix} file")
    return data


def _is_a(suffix: str, data: bytes) -> bool:
    if suffix == ".png":
        return _is_picture(data)
    if suffix == ".webp" and data[8:12] != b"WEBP":
        return False
    return data.startswith(_BEGINS.get(suffix, b""))


def _is_picture(data: bytes) -> bool:
    """Whether it begins like a PNG, of a size that a viewer can show."""
    if not data.startswith(_PNG + _HEADER) or len(data) < 24:
        return False
    width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
    return 0 < width * height <= _MOST_PIXELS
