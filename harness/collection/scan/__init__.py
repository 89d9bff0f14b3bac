"""Look for dangerous content in weights and what belongs to them, without running anything.

Read as bytes are: pickles (of torch old and new, bare, or in numpy arrays), zip archives and what is in
them, Keras configurations, TensorFlow's saved models, TorchScript's code, ONNX models. Told apart are what
runs code or reaches files when it is loaded (*dangerous*), what could not be read (*failed*), and the rest
(*clean*).

Clean means that nothing known was found. A scan does not understand the code of architectures, TorchScript
or custom operators, does not read the bytes of tensors, and does not know every name that can do harm: load
weights as weights only, and run models in a sandbox. A JSON configuration that is cut into pieces is not
found in an HDF5 file; Keras never writes such a one.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from harness.cell import WeightsFormat
from harness.collection.model import Model
from harness.collection.scan.content import OF_FORMAT, Fits, fits, look
from harness.collection.scan.finding import Budget, Finding, Level
from harness.collection.scan.piece import FilePiece

__all__ = ["ScanResult", "scan_files", "scan_weights"]

_MAX_FOUND = 20
_SHOWN = 3


class ScanResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan found.

    Attributes:
        status: dangerous if anything is, else failed if anything could not be read, else clean.
        message: one sentence; of a clean result, what a reviewer may want to look at.
        found: each dangerous thing, e.g. "weights.pt: archive/data.pkl imports os.system"; the first 20.
    """

    status: Literal["clean", "dangerous", "failed"]
    message: str
    found: tuple[str, ...] = ()


def scan_weights(model: Model, weights_format: WeightsFormat) -> ScanResult:
    """Scan everything that a consumer may open to run these weights."""
    named = model.description.files_for(weights_format)
    source = f"weights.{weights_format.value}.source"
    wanted = {file.source: OF_FORMAT[weights_format] for file in named if file.field == source}
    return _scan({file.source: model.paths[file.source] for file in named}, wanted)


def scan_files(files: Mapping[str, Path]) -> ScanResult:
    """Scan files by the names that messages should use; their ends tell what they should be."""
    return _scan(files, {})


def _scan(files: Mapping[str, Path], wanted: Mapping[str, Fits]) -> ScanResult:
    found: dict[Level, list[str]] = {level: [] for level in Level}
    for name, path in files.items():
        for finding in _scan_file(name, path, wanted.get(name) or fits(name, member=False)):
            texts, text = found[finding.level], str(finding)
            if text not in texts and len(texts) < _MAX_FOUND:
                texts.append(text)
    dangers, unreadable, notes = found[Level.DANGER], found[Level.UNREADABLE], found[Level.NOTE]
    if dangers:
        message = _in_short([*dangers, *unreadable])
        return ScanResult(status="dangerous", message=message, found=tuple(dangers))
    if unreadable:
        return ScanResult(status="failed", message=_in_short(unreadable))
    clean = f"nothing dangerous was found in {len(files)} file{'s' * (len(files) != 1)}"
    look_at = f"; look at this: {_in_short(notes)}" if notes else ""
    return ScanResult(status="clean", message=f"{clean}{look_at}")


def _scan_file(name: str, path: Path, wanted: Fits) -> Iterator[Finding]:
    try:
        with path.open("rb") as stream:
            if not stream.seek(0, 2):
                if wanted:
                    yield Finding(Level.UNREADABLE, name, "cannot be scanned: it is empty")
                return
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield from look(FilePiece(name, stream, mapped), Budget(), wanted)
    except (OSError, ValueError) as error:  # gone, not permitted, or growing shorter while it is opened
        yield Finding(Level.UNREADABLE, name, f"cannot be read: {error}")


def _in_short(texts: Sequence[str]) -> str:
    more = len(texts) - _SHOWN
    return "; ".join(texts[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
