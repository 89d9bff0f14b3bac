"""ONNX models and TensorFlow's saved models: what their graphs reach outside of themselves.

The numbers are those of ``onnx.proto`` and of TensorFlow's ``saved_model.proto`` and ``graph.proto``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.collection.scan import keras
from harness.collection.scan.archive import leads_out
from harness.collection.scan.finding import Budget, Finding, Level, Unreadable
from harness.collection.scan.piece import Buffer, Piece
from harness.collection.scan.protobuf import Messages, Span

_ONNX_NEEDED = (7, 8)  # graph, opset_import
# Of the model: graph; initialization and algorithm of training_info; nodes and attributes of functions.
_ONNX_GRAPHS = ((7,), (20, 1), (20, 2))
_ONNX_ATTRIBUTES = ((25, 7, 5), (25, 11))
# Of a graph: initializer; values and indices of sparse_initializer; attributes of nodes.
_ONNX_GRAPH_TENSORS = ((5,), (15, 1), (15, 2))
_ONNX_GRAPH_ATTRIBUTES = (1, 5)
# Of an attribute: t; tensors; values and indices of sparse_tensor and sparse_tensors; g; graphs.
_ONNX_ATTRIBUTE_TENSORS = ((5,), (10,), (22, 1), (22, 2), (23, 1), (23, 2))
_ONNX_ATTRIBUTE_GRAPHS = ((6,), (11,))

_TENSORFLOW_OPERATIONS = ((2, 2, 1, 2), (2, 2, 2, 1, 3, 2))  # of the graph, and of the functions it calls
_DANGEROUS_OPERATIONS = {
    "EagerPyFunc": "calls Python",
    "PyFunc": "calls Python",
    "PyFuncStateless": "calls Python",
    "ReadFile": "reads any file",
    "WriteFile": "writes any file",
}
_OPERATION_IN_TEXT = re.compile(rb"\bop\s*:\s*[\"'](\w+)[\"']")
# Operators of TorchScript that reach files. A module's own method of that name is self.save.
_FILE_OPERATOR = re.compile(rb"\b(torch|aten)\s*\.\s*(from_file|save)\s*\(")
_CHARACTERS_PER_STEP = 256


def scan_onnx(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """Tensors that are read from outside the model's folder. Raises Unreadable if it is no ONNX model."""
    messages = Messages(piece.whole(), budget)
    if not all(list(messages.at(messages.root, (number,))) for number in _ONNX_NEEDED):
        raise Unreadable("it is cut off or no ONNX model: graph or opset_import is missing")
    told: set[str] = set()
    for tensor in _onnx_tensors(messages):
        for entry in messages.at(tensor, (13,)):
            key, value = ("".join(map(messages.text, messages.at(entry, (number,)))) for number in (1, 2))
            if key == "location" and leads_out(value) and value not in told:
                told.add(value)
                yield Finding(Level.DANGER, piece.where, f"reads tensors from {value!r}, outside its folder")


def _onnx_tensors(messages: Messages) -> Iterator[Span]:
    graphs = list(messages.at(messages.root, *_ONNX_GRAPHS))
    attributes = list(messages.at(messages.root, *_ONNX_ATTRIBUTES))
    while graphs or attributes:
        if graphs:
            graph = graphs.pop()
            yield from messages.at(graph, *_ONNX_GRAPH_TENSORS)
            attributes += messages.at(graph, _ONNX_GRAPH_ATTRIBUTES)
        else:
            attribute = attributes.pop()
            yield from messages.at(attribute, *_ONNX_ATTRIBUTE_TENSORS)
            graphs += messages.at(attribute, *_ONNX_ATTRIBUTE_GRAPHS)


def scan_saved_model(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """Operations that reach files or Python, and Keras layers. Raises Unreadable if it is no saved model."""
    messages = Messages(piece.whole(), budget)
    if not list(messages.at(messages.root, (2,))):
        raise Unreadable("it holds no TensorFlow graph")
    operations = messages.at(messages.root, *_TENSORFLOW_OPERATIONS)
    yield from _judge_operations(piece.where, map(messages.text, operations))
    yield from keras.scan_metadata(piece, budget)


def scan_saved_model_text(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """The same for a ``saved_model.pbtxt``."""
    found = _OPERATION_IN_TEXT.finditer(_text(piece, budget))
    yield from _judge_operations(piece.where, (each[1].decode("utf-8", "replace") for each in found))


def _judge_operations(where: str, operations: Iterator[str]) -> Iterator[Finding]:
    for operation in sorted(_DANGEROUS_OPERATIONS.keys() & set(operations)):
        what = f"has the TensorFlow operation {operation}, which {_DANGEROUS_OPERATIONS[operation]}"
        yield Finding(Level.DANGER, where, what)


def scan_torchscript(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """Code of TorchScript that reads or writes files; such code runs, whatever a loader is told."""
    for called in sorted({each[2].decode() for each in _FILE_OPERATOR.finditer(_text(piece, budget))}):
        yield Finding(Level.DANGER, piece.where, f"calls torch.{called}, which reaches any file")


def _text(piece: Piece, budget: Budget) -> Buffer:
    text = piece.whole()
    budget.step(len(text) // _CHARACTERS_PER_STEP)
    return text
