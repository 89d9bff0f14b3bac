"""onnxruntime-web 1.30 with its WebAssembly back-end, in Node."""

from __future__ import annotations

from ..protocol import Job
from . import node
from .node import predict

__all__ = ["load", "needs", "predict", "prepare", "warm"]


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
