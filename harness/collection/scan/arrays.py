"""numpy arrays of Python objects: what follows their header is a pickle."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import numpy as np

from harness.collection.scan import pickles
from harness.collection.scan.finding import Budget, Finding, Unreadable
from harness.collection.scan.piece import Piece

MAGIC = np.lib.format.MAGIC_PREFIX
_LONGEST_HEADER = 10_000
_WINDOW = 2 * _LONGEST_HEADER


def scan(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """What loading the array with its objects would import. Raises Unreadable for a damaged header."""
    header = io.BytesIO(piece.prefix(_WINDOW))
    try:
        dtype = _dtype(header)
    except ValueError as error:
        raise Unreadable(f"it has no header of a numpy array ({error})") from error
    if dtype.hasobject:
        yield from pickles.scan(piece, budget, skip=header.tell())


def _dtype(header: io.BytesIO) -> np.dtype[np.generic]:
    version = np.lib.format.read_magic(header)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about arrays that Python 2 wrote
        _, _, dtype = read(header, max_header_size=_LONGEST_HEADER)
    return dtype
