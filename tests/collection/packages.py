"""Models to break: a small valid description with all its files, made in a moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harness.collection.index import find_models
from harness.collection.model import Model, Unreadable, read_models

Edit = Callable[[dict[str, Any]], None]


def content(**changes: Any) -> dict[str, Any]:
    """A valid description of format 0.5 as JSON knows it (which is YAML, too)."""
    described: dict[str, Any] = {
        "type": "model",
        "format_version": "0.5.4",
        "id": "tiny",
        "name": "Tiny model",
        "description": "adds nothing",
        "authors": [{"name": "A. Author"}],
        "license": "MIT",
        "covers": ["cover.png"],
        "documentation": "README.md",
        "inputs": [
            {
                "id": "raw",
                "axes": _axes(None),
                "data": {"type": "float32"},
                "test_tensor": {"source": "in.npy"},
            }
        ],
        "outputs": [
            {
                "id": "out",
                "axes": _axes("raw"),
                "data": {"type": "float32"},
                "test_tensor": {"source": "out.npy"},
            }
        ],
        "weights": {"torchscript": {"source": "weights.pt", "pytorch_version": "2.1.0"}},
    }
    return described | changes


def _axes(reference: str | None) -> list[dict[str, Any]]:
    size: Any = {"tensor_id": reference, "axis_id": "x"} if reference else {"min": 4, "step": 2}
    return [{"type": "batch"}, {"type": "space", "id": "x", "size": size}]


def old_content(**changes: Any) -> dict[str, Any]:
    """A valid description of format 0.4."""
    tensor = {"axes": "bx", "data_type": "float32"}
    described: dict[str, Any] = {
        "type": "model",
        "format_version": "0.4.10",
        "name": "Old model",
        "description": "adds nothing",
        "authors": [{"name": "A. Author"}],
        "license": "MIT",
        "cite": [{"text": "Nobody, 2020", "url": "https://example.com"}],
        "timestamp": "2020-01-01T00:00:00",
        "documentation": "README.md",
        "inputs": [{"name": "raw", **tensor, "shape": [1, 8]}],
        "outputs": [{"name": "out", **tensor, "shape": [1, 8]}],
        "test_inputs": ["in.npy"],
        "test_outputs": ["out.npy"],
        "weights": {"torchscript": {"source": "weights.pt", "sha256": sha256(b"weights")}},
    }
    return described | changes


def write_files(folder: Path) -> Path:
    """All files that the descriptions name."""
    folder.mkdir(parents=True, exist_ok=True)
    array = np.arange(8, dtype="float32").reshape(1, 8)
    np.save(folder / "in.npy", array)
    np.save(folder / "out.npy", array)
    for name, data in (("cover.png", b"png"), ("README.md", b"# Tiny"), ("weights.pt", b"weights")):
        (folder / name).write_bytes(data)
    return folder


def write_model(folder: Path, described: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A whole model folder."""
    write_files(folder)
    (folder / "rdf.yaml").write_text(json.dumps((described or content()) | changes), encoding="utf-8")
    return folder


def read(collection: Path | str) -> list[Model | Unreadable]:
    """The models as a run reads them."""
    return read_models(find_models(str(collection)))


def fault(collection: Path | str) -> Unreadable:
    """The only model, which must be unreadable."""
    (model,) = read(collection)
    assert isinstance(model, Unreadable), model
    assert "\n" not in model.message
    return model


def good(collection: Path | str) -> Model:
    """The only model, which must be readable."""
    (model,) = read(collection)
    assert isinstance(model, Model), model
    return model


def sha256(data: bytes) -> str:
    """Hex."""
    return hashlib.sha256(data).hexdigest()
