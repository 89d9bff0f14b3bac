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

import functools
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.cell import WeightsFormat
from harness.collection.files import file_sha256
from harness.collection.model import Model
from harness.collection.scan.content import OF_FORMAT, Fits, fits, look
from harness.collection.scan.finding import Budget, Finding, Level
from harness.collection.scan.piece import FilePiece
from harness.collection.scan.result import ScanResult, Told
from harness.policy.scan import ScanRules

__all__ = ["ScanResult", "scan_files", "scan_weights", "sha256_of"]

_NOTHING_ALLOWED = ScanRules()


def scan_weights(
    model: Model, weights_format: WeightsFormat, rules: ScanRules = _NOTHING_ALLOWED
) -> ScanResult:
    """Scan everything that a consumer may open to run these weights."""
    named = model.description.files_for(weights_format)
    source = f"weights.{weights_format.value}.source"
    wanted = {file.source: OF_FORMAT[weights_format] for file in named if file.field == source}
    mine = rules.about(model.ref, weights_format)
    return _scan({file.source: model.paths[file.source] for file in named}, wanted, mine)


def scan_files(files: Mapping[str, Path]) -> ScanResult:
    """Scan files by the names that messages should use; their ends tell what they should be."""
    return _scan(files, {}, _NOTHING_ALLOWED)


def sha256_of(path: Path) -> str:
    """The digest that an entry of a policy must state; empty for a file that cannot be read."""
    try:
        return file_sha256(path)
    except OSError:
        return ""


def _scan(files: Mapping[str, Path], wanted: Mapping[str, Fits], rules: ScanRules) -> ScanResult:
    told = Told()
    for name, path in files.items():
        digest = functools.cache(functools.partial(sha256_of, path))
        for finding in _scan_file(name, path, wanted.get(name) or fits(name, member=False)):
            harmless = finding.level is Level.NOTE
            told.add(name, finding, None if harmless else rules.allowing(finding.what, digest))
    return told.result(len(files))


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
