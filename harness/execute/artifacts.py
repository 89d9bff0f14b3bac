"""Keep what a record points to beside the ledger: bounded files, named by digest."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness import jsonio
from harness.collection.model import Model
from harness.execute.judge.chunks import Array
from harness.execute.judge.paired_sample import central
from harness.ledger.record import Artifact

_COVER_LIMIT = 4 * 1024**2
_ARRAY_LIMIT = 16 * 1024**2 - 1024  # the header of a file counts, too
_NUMERIC_KINDS = "biufc"
_COVER_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def keep_log(log: Path, folder: Path, *, kind: str) -> tuple[Artifact, ...]:
    """Copy a log, which :mod:`harness.proc` bounded, to ``folder``; nothing if it is empty."""
    try:
        data = log.read_bytes()
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


def keep_array(array: Array, folder: Path, *, title: str) -> Artifact:
    """Store an array as ``.npy`` under its digest; of more than 16 MiB the central part, as its title says.

    Raises:
        ValueError: it does not hold plain numbers.
        OutputError: names the path and why it cannot be written.
    """
    if array.dtype.kind not in _NUMERIC_KINDS:
        raise ValueError(f"data type is {array.dtype}; plain numbers can be kept")
    part = array[central(array.shape, _ARRAY_LIMIT // array.dtype.itemsize)]
    stream = io.BytesIO()
    np.save(stream, part, allow_pickle=False)
    cut = "" if part.size == array.size else " (central part)"
    return _keep(stream.getvalue(), folder, kind="array", suffix=".npy", title=title + cut)


def keep_picture(data: bytes, folder: Path, *, title: str) -> Artifact:
    """Store a PNG under its digest; raises OutputError with the path if that fails."""
    return _keep(data, folder, kind="picture", suffix=".png", title=title)


def keep_difference(
    name: str,
    produced: Array,
    expected: Array,
    *,
    axes: Sequence[str],
    folder: Path,
    label_map: bool = False,
    at: Sequence[int] = (),
) -> tuple[Artifact, ...]:
    """Store how an output differs: a picture, both arrays, and produced minus expected.

    That is left out of arrays of different shape and of label maps, whose numbers mean nothing. Nothing is
    stored of arrays that do not hold plain numbers.

    Args:
        name: the output's id, with which every title begins.
        axes: see ``difference_picture``, as for ``label_map`` and ``at``.

    Raises:
        OutputError: names the path and why it cannot be written.
    """
    if not {produced.dtype.kind, expected.dtype.kind} <= set(_NUMERIC_KINDS):
        return ()
    from harness.execute.pictures.draw import difference_picture  # noqa: PLC0415  slow, and seldom needed

    picture = difference_picture(produced, expected, axes=axes, label_map=label_map, at=at)
    kept = (
        keep_picture(picture, folder, title=f"{name}: produced and expected"),
        keep_array(produced, folder, title=f"{name}: produced"),
        keep_array(expected, folder, title=f"{name}: expected"),
    )
    if produced.shape != expected.shape or label_map:
        return kept
    return (*kept, _keep_minus(produced, expected, folder, title=f"{name}: produced minus expected"))


def _keep_minus(produced: Array, expected: Array, folder: Path, *, title: str) -> Artifact:
    """The difference in a type that holds it, of no more than what is stored of it."""
    dtype = _signed_type(produced.dtype, expected.dtype)
    part = central(expected.shape, _ARRAY_LIMIT // dtype.itemsize)
    with np.errstate(all="ignore"):
        minus = np.asarray(produced[part].astype(dtype) - expected[part].astype(dtype))
    cut = "" if minus.size == expected.size else " (central part)"
    return keep_array(minus, folder, title=title + cut)


def _signed_type(*dtypes: np.dtype[Any]) -> np.dtype[Any]:
    """Whole numbers of twice the width; float64 for the widest, and at least float32 for other numbers."""
    common = np.result_type(*dtypes)
    if common.kind in "biu":
        return np.dtype({1: np.int16, 2: np.int32, 4: np.int64}.get(common.itemsize, np.float64))
    return np.dtype(np.result_type(common, np.float32))


def _keep(data: bytes, folder: Path, *, kind: str, suffix: str, title: str = "") -> Artifact:
    name = f"{kind}s/{hashlib.sha256(data).hexdigest()[:32]}{suffix}"
    if not (folder / name).exists():
        jsonio.write_bytes(folder / name, data)
    return Artifact(kind=kind, path=name, bytes=len(data), title=title)
