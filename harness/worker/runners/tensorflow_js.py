"""TensorFlow.js 4.22 with its WebAssembly back-end, in Node."""

from __future__ import annotations

import os
import tempfile
import zipfile
from typing import Any

from ..protocol import Job, ToldError
from . import node

_TOPOLOGY = "model.json"


def warm() -> None:
    """Nothing: Node is started for each cell."""


def prepare(job: Job) -> None:
    """Nothing: the tool is imported by Node, see :func:`load`."""


def needs(job: Job) -> list[str]:
    """Nothing: a topology names layers of the library itself."""
    return []


def load(job: Job) -> node.Node:
    """Node with the weights loaded: ``model.json`` beside its shards, or a zip archive of these.

    Raises:
        ToldError: the archive has no ``model.json``.
    """
    weights = _unpacked(job.weights) if zipfile.is_zipfile(job.weights) else job.weights
    return node.load(job, "tensorflow_js", weights)


def _unpacked(archive: str) -> str:
    folder = tempfile.mkdtemp(prefix="tfjs-")
    with zipfile.ZipFile(archive) as opened:  # its names are kept inside of the folder
        opened.extractall(folder)
    found = sorted(
        os.path.join(parent, _TOPOLOGY) for parent, _, names in os.walk(folder) if _TOPOLOGY in names
    )
    if not found:
        raise ToldError("FileNotFoundError", "the archive of the weights has no {}".format(_TOPOLOGY))
    return min(found, key=len)


def predict(
    model: node.Node, inputs: list[str], folder: str, padding: bool
) -> tuple[list[dict[str, Any]], float]:
    """Predict on one set of inputs; users call it in one way, with or without ``padding``."""
    return node.predict(model, inputs, folder)
