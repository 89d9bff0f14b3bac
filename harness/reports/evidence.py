"""Which artifacts the site shows, and under which safe name and kind of file.

Logs and pictures hold what untrusted models and descriptions put there. A log becomes plain text; a picture
is shown and an array is offered only if the content is one, whatever its name says.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.ledger.record import Artifact, Record
from harness.reports import addresses, words

COVER = "cover"
PICTURE = "picture"
_ARRAY = "array"
_NPY_MAGIC = b"\x93NUMPY"
_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
)


def located(records: Iterable[Record], artifacts: Path) -> dict[Artifact, tuple[str, Path]]:
    """The site's address and the source file of each artifact that pages need and that is still there."""
    found: dict[Artifact, tuple[str, Path]] = {}
    for artifact in {artifact for record in records for artifact in record.artifacts}:
        source = _inside(artifacts, artifact.path)
        suffix = _suffix(artifact.kind, source) if source else ""
        if source and suffix:
            found[artifact] = (addresses.evidence_file(artifact.path, suffix), source)
    return found


def _inside(folder: Path, path: str) -> Path | None:
    """The file within ``folder``, None if it is not there, or if links or ``..`` lead out of it."""
    try:
        source = (folder / path).resolve()
        return source if source.is_relative_to(folder.resolve()) and source.is_file() else None
    except (OSError, ValueError):
        return None


def _suffix(kind: str, source: Path) -> str:
    if kind in (COVER, PICTURE):
        return _picture_suffix(_head(source))
    if kind == _ARRAY:
        return ".npy" if _head(source).startswith(_NPY_MAGIC) else ""
    return ".txt" if kind in words.FILE else ""


def _head(source: Path) -> bytes:
    try:
        with source.open("rb") as stream:
            return stream.read(12)
    except OSError:
        return b""


def _picture_suffix(head: bytes) -> str:
    if head.startswith(b"RIFF") and head[8:] == b"WEBP":
        return ".webp"
    return next((suffix for start, suffix in _PICTURES if head.startswith(start)), "")
