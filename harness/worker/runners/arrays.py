"""Read inputs and write outputs for every runner (needs numpy, which every runner's environment has)."""

from __future__ import annotations

import os
from typing import Any

import numpy

from ..protocol import FilesError


def read(paths: list[str]) -> list[Any]:
    """The input arrays; raises FilesError."""
    try:
        return [numpy.load(path, allow_pickle=False) for path in paths]
    except (OSError, ValueError, EOFError) as error:
        raise FilesError("an input cannot be read: {}".format(error)) from error


def write(outputs: list[tuple[str, Any]], folder: str) -> list[dict[str, Any]]:
    """Write named arrays below ``folder``; returns what the reply says of them. Raises FilesError.

    Each is compared with the test tensor of the described output in its place; a runner may add to what is
    returned that one is compared with a file of the package: see ``expected`` in the package's docstring.
    An output that holds Python objects raises numpy's ValueError: that is the model's doing.
    """
    written: list[dict[str, Any]] = []
    for number, (name, value) in enumerate(outputs):
        file = "{}.npy".format(number)
        try:
            os.makedirs(folder, exist_ok=True)
            numpy.save(os.path.join(folder, file), numpy.asarray(value), allow_pickle=False)
        except OSError as error:
            raise FilesError("output {} cannot be written: {}".format(name, error)) from error
        written.append({"name": name, "file": file})
    return written
