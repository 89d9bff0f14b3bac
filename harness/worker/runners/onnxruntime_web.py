"""onnxruntime-web 1.30 with its WebAssembly back-end, in Node."""

from __future__ import annotations

from typing import Any

from ..protocol import Job
from . import node


def warm() -> None:
    """Nothing: Node is started for each cell."""


def prepare(job: Job) -> None:
    """Nothing: the tool is imported by Node, see :func:`load`."""


def needs(job: Job) -> list[str]:
    """Nothing: ONNX weights import nothing."""
    return []


def load(job: Job) -> node.Node:
    """Node with the weights loaded."""
    return node.load(job, "onnxruntime_web", job.weights)


def predict(
    model: node.Node, inputs: list[str], folder: str, padding: bool
) -> tuple[list[dict[str, Any]], float]:
    """Predict on one set of inputs; users call it in one way, with or without ``padding``."""
    return node.predict(model, inputs, folder)
