"""Keras configurations: layers that hold compiled code, and classes that are imported by name.

Keras stores a model as JSON: in ``config.json`` of a ``.keras`` archive, or in an attribute of an HDF5 file.
An attribute's text is stored in one piece and uncompressed: it is found without reading the HDF5 structure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.collection.scan.finding import Budget, Finding, Level, Unreadable
from harness.collection.scan.imports import Standing, standing
from harness.collection.scan.piece import Buffer, Piece

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_LONGEST_TEXT = 16 * 1024**2
_TEXT = re.compile(rb"\{[ \t\r\n]*\"[^\x00-\x08\x0b\x0c\x0e-\x1f]{0,%d}" % _LONGEST_TEXT)
_OBJECT = re.compile(r"\{\s*\"")
_CHARACTERS_PER_STEP = 256
_CODE_KEYS = ("function_type", "output_shape_type", "mask_type")
_CODE_TYPES = ("lambda", "raw")
_OWN_PACKAGES = ("builtins", "keras", "keras_cv", "keras_hub", "keras_nlp", "tensorflow", "tf_keras")
# What a layer of the class TFOpLambda may name, of TensorFlow, that reaches files or Python.
_TENSORFLOW_SYMBOL = re.compile(
    r"(io\.(read|write)_file|\w*py_func(tion)?|numpy_function|load_\w+|raw_ops\.\w*(File|PyFunc\w*))"
)
# Where the address of the end of the file stands, by version of the superblock.
_END_OF_FILE_AT = {0: 40, 1: 44, 2: 28, 3: 28}
# Numbers are not wanted, and those with a million digits would take long.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def scan_config(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """A ``config.json``. Raises Unreadable if it is no JSON."""
    try:
        config = json.loads(piece.whole()[:], parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON ({error})") from error
    yield from _scan_object(piece.where, config, budget)


def scan_hdf5(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """A model or weights as HDF5. Raises Unreadable if the file is cut off or no HDF5."""
    data = piece.whole()
    at = _END_OF_FILE_AT.get(data[8]) if data[:8] == HDF5_MAGIC and len(data) > 64 else None
    if at is None:
        raise Unreadable("it does not begin like an HDF5 file")
    if (stated := int.from_bytes(data[at : at + 8], "little")) > len(data):
        raise Unreadable(f"it is cut off: {len(data):,} of {stated:,} bytes are there")
    yield from scan_texts(piece, budget)


def scan_metadata(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """What a saved model of TensorFlow says of its Keras layers, for the reviewer.

    TensorFlow computes the graph and leaves this unread; only Keras 2 makes layers of it.
    """
    for found in scan_texts(piece, budget):
        yield found._replace(level=Level.NOTE)


def scan_texts(piece: Piece, budget: Budget) -> Iterator[Finding]:
    """Every JSON object that stands anywhere in a binary file."""
    for value in _objects(piece.whole(), budget):
        yield from _scan_object(piece.where, value, budget)


def _objects(data: Buffer, budget: Budget) -> Iterator[Any]:
    for text_found in _TEXT.finditer(data):
        text = text_found.group().decode("utf-8", "replace")
        if len(text) >= _LONGEST_TEXT:
            raise Unreadable(f"it holds a text of more than {_LONGEST_TEXT >> 20} MiB")
        start = 0
        while found := _OBJECT.search(text, start):
            try:
                value, start = _DECODER.raw_decode(text, found.start())
            except json.JSONDecodeError:
                start = found.start() + 1
                budget.step(1 + (len(text) - start) // _CHARACTERS_PER_STEP)
            except RecursionError as error:
                raise Unreadable("it holds JSON that is nested too deeply") from error
            else:
                yield value


def _scan_object(where: str, value: Any, budget: Budget) -> Iterator[Finding]:
    todo = [value]
    while todo:
        budget.step()
        each = todo.pop()
        if isinstance(each, Mapping):
            yield from _code(where, each)
            yield from _named(where, each)
            todo += each.values()
        elif isinstance(each, list):
            todo += each


def _code(where: str, each: Mapping[str, Any]) -> Iterator[Finding]:
    """A function stored as bytecode, by Keras 3 (``__lambda__``) or 2, or TensorFlow's that reaches files."""
    class_name, config = each.get("class_name"), each.get("config")
    config = config if isinstance(config, Mapping) else {}
    function = str(config.get("function")).removeprefix("tf.")
    if class_name == "__lambda__":
        yield Finding(Level.DANGER, where, "holds a Keras lambda: code that is executed when it is loaded")
    elif class_name == "Lambda" and any(config.get(key) in _CODE_TYPES for key in _CODE_KEYS):
        what = f"has the Keras Lambda layer {config.get('name')!r}: code that is executed when it is loaded"
        yield Finding(Level.DANGER, where, what)
    elif class_name == "TFOpLambda" and _TENSORFLOW_SYMBOL.fullmatch(function):
        yield Finding(Level.DANGER, where, f"has a Keras layer that calls {function} of TensorFlow")


def _named(where: str, each: Mapping[str, Any]) -> Iterator[Finding]:
    """A class or function that Keras imports by its name."""
    module, name = each.get("module"), each.get("class_name")
    if name == "function":
        name = each.get("config")
    if not isinstance(module, str) or not isinstance(name, str):
        return
    shown = f"has Keras import {module}.{name}"
    if standing(module, name) is Standing.DANGEROUS:
        yield Finding(Level.DANGER, where, shown)
    elif module.partition(".")[0] not in _OWN_PACKAGES:
        yield Finding(Level.NOTE, where, f"{shown}, which is not its own")
