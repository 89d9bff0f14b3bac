"""Keep what a record points to beside the ledger: bounded files, named by digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness import jsonio
from harness.collection.model import Model
from harness.ledger.record import Artifact

_LOG_PART = 256 * 1024
_COVER_LIMIT = 4 * 1024**2
_COVER_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def keep_log(log: Path, folder: Path, *, kind: str) -> tuple[Artifact, ...]:
    """Copy a log (of a long one the first and the last part) to ``folder``; nothing if it is empty."""
    try:
        data = _first_and_last(log)
    except OSError:
        return ()
    return (keep_text(data, folder, kind=kind),) if data.strip() else ()


def keep_text(data: bytes, folder: Path, *, kind: str) -> Artifact:
    """Store text under its digest."""
    return _keep(data, folder, kind=kind, suffix=".txt")


def keep_cover(model: Model, folder: Path) -> tuple[Artifact, ...]:
    """Copy the model's first cover if a browser can show it and it is small."""
    cover = model.description.cover
    if cover is None:
        return ()
    path = model.paths[cover.source]
    suffix = Path(cover.source.partition("?")[0]).suffix.lower()
    if suffix not in _COVER_SUFFIXES or path.stat().st_size > _COVER_LIMIT:
        return ()
    return (_keep(path.read_bytes(), folder, kind="cover", suffix=suffix),)


def _keep(data: bytes, folder: Path, *, kind: str, suffix: str) -> Artifact:
    name = f"{kind}s/{hashlib.sha256(data).hexdigest()[:32]}{suffix}"
    if not (folder / name).exists():
        jsonio.write_bytes(folder / name, data)
    return Artifact(kind=kind, path=name, bytes=len(data))


def _first_and_last(log: Path) -> bytes:
    size = log.stat().st_size
    with log.open("rb") as stream:
        if size <= 2 * _LOG_PART:
            return stream.read()
        first = stream.read(_LOG_PART)
        stream.seek(-_LOG_PART, 2)
        omitted = f"\n[... {size - 2 * _LOG_PART:,} bytes left out ...]\n".encode()
        return first + omitted + stream.read()
