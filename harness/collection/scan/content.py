"""Choose what looks at a piece: by what its bytes say it is, and what its name or place says it should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from pathlib import PurePosixPath
from typing import Protocol

from harness.cell import WeightsFormat
from harness.collection.scan import archive, arrays, graphs, keras, pickles
from harness.collection.scan.finding import Budget, Finding, Level, Unreadable
from harness.collection.scan.piece import Piece

_HEAD = 8
_DEEPEST = 3


class _Scanner(Protocol):
    def __call__(self, piece: Piece, budget: Budget) -> Iterator[Finding]: ...


class Kind(Enum):
    """Content that can be scanned, in words."""

    ARCHIVE = "zip archive"
    ARRAY = "numpy array"
    CONFIG = "Keras configuration"
    HDF5 = "HDF5 file"
    KERAS_METADATA = "metadata of Keras"
    ONNX = "ONNX model"
    PICKLE = "pickle"
    SAVED_MODEL = "saved model of TensorFlow"
    SAVED_MODEL_TEXT = "saved model of TensorFlow as text"
    TORCHSCRIPT = "code of TorchScript"


Fits = tuple[Kind, ...]
"""What a piece may be; the first is what it is read as if its first bytes do not tell."""

_MAGIC = {
    b"PK\x03\x04": Kind.ARCHIVE,
    b"PK\x05\x06": Kind.ARCHIVE,
    keras.HDF5_MAGIC: Kind.HDF5,
    arrays.MAGIC: Kind.ARRAY,
    **{bytes([0x80, protocol]): Kind.PICKLE for protocol in range(6)},
}
_OF_SUFFIX: dict[str, Fits] = {
    **dict.fromkeys((".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"), (Kind.PICKLE, Kind.ARCHIVE)),
    **dict.fromkeys((".keras", ".npz", ".zip"), (Kind.ARCHIVE,)),
    **dict.fromkeys((".h5", ".hdf5"), (Kind.HDF5,)),
    ".debug_pkl": (Kind.PICKLE,),
    ".npy": (Kind.ARRAY,),
    ".onnx": (Kind.ONNX,),
}
_OF_NAME: dict[str, Fits] = {
    "keras_metadata.pb": (Kind.KERAS_METADATA,),
    "saved_model.pb": (Kind.SAVED_MODEL,),
    "saved_model.pbtxt": (Kind.SAVED_MODEL_TEXT,),
}
OF_FORMAT: dict[WeightsFormat, Fits] = {
    WeightsFormat.PYTORCH_STATE_DICT: (Kind.PICKLE, Kind.ARCHIVE),
    WeightsFormat.TORCHSCRIPT: (Kind.ARCHIVE,),
    WeightsFormat.ONNX: (Kind.ONNX,),
    WeightsFormat.KERAS_HDF5: (Kind.HDF5,),
    WeightsFormat.KERAS_V3: (Kind.ARCHIVE,),
    WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE: (Kind.ARCHIVE,),
    WeightsFormat.TENSORFLOW_JS: (Kind.ARCHIVE,),
}
_TORCHSCRIPT_CODE = re.compile(r"(.*/)?code/.*\.py")
_OF_MACOS = "._"  # it packs a file about each file, of the same name
_KERAS_WEIGHTS = ".weights.h5"  # arrays without a configuration, however large


def fits(name: str, *, member: bool) -> Fits:
    """What a file, or an archive's member, of that name may be; empty if that does not matter."""
    path = PurePosixPath(name.partition("?")[0])
    if member and (path.name.endswith(_KERAS_WEIGHTS) or path.name.startswith(_OF_MACOS)):
        return ()
    if member and name == "config.json":
        return (Kind.CONFIG,)
    if member and _TORCHSCRIPT_CODE.fullmatch(name):
        return (Kind.TORCHSCRIPT,)
    return _OF_NAME.get(path.name) or _OF_SUFFIX.get(path.suffix.lower(), ())


def look(piece: Piece, budget: Budget, wanted: Fits, *, depth: int = 0) -> Iterator[Finding]:
    """Everything there is to tell of a piece. Raises nothing: what cannot be read is a finding, too.

    Args:
        piece: a file, or an entry of an archive.
        budget: of the file.
        wanted: what the piece may be.
        depth: how many archives it is in.
    """
    try:
        head = piece.prefix(_HEAD)
        told = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
        skipped = told is Kind.HDF5 and not wanted and depth > 0
        if (kind := told or next(iter(wanted), None)) and not skipped:
            yield from _scanner(kind, budget, depth)(piece)
            if wanted and kind not in wanted:
                expected = " or ".join(each.value for each in wanted)
                raise Unreadable(f"{expected} expected, {kind.value} found")
    except Exception as error:  # the readers raise whatever damaged content makes them raise
        why = str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
        yield Finding(Level.UNREADABLE, piece.where, f"cannot be scanned: {why}")


def _scanner(kind: Kind, budget: Budget, depth: int) -> Callable[[Piece], Iterator[Finding]]:
    if kind is Kind.ARCHIVE:
        if depth == _DEEPEST:
            raise Unreadable(f"it is an archive in {depth} others")
        return partial(
            archive.scan, budget=budget, look=partial(_look_at_member, budget=budget, depth=depth + 1)
        )
    scanners: dict[Kind, _Scanner] = {
        Kind.ARRAY: arrays.scan,
        Kind.CONFIG: keras.scan_config,
        Kind.HDF5: keras.scan_hdf5,
        Kind.KERAS_METADATA: keras.scan_metadata,
        Kind.ONNX: graphs.scan_onnx,
        Kind.PICKLE: pickles.scan,
        Kind.SAVED_MODEL: graphs.scan_saved_model,
        Kind.SAVED_MODEL_TEXT: graphs.scan_saved_model_text,
        Kind.TORCHSCRIPT: graphs.scan_torchscript,
    }
    return partial(scanners[kind], budget=budget)


def _look_at_member(member: Piece, budget: Budget, depth: int) -> Iterator[Finding]:
    return look(member, budget, fits(member.name, member=True), depth=depth)
