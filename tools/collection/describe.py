"""Descriptions in format 0.5: axes, processing steps, tensors, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.collection.about import About, common_fields
from tools.collection.files import Json, commented, sha256

FORMAT_VERSION = "0.5.7"
"""Readers of later versions still accept it; later versions are refused by readers of this one."""

MICROMETER = "micrometer"
Tensor = Mapping[str, Json]
Weights = Mapping[str, Mapping[str, Json]]
"""Weights entries by format, without hashes."""


def batch(size: int | None = None) -> Json:
    """The batch axis; without a size any number of images goes at once."""
    return {"type": "batch", "id": "batch"} | ({} if size is None else {"size": size})


def channels(*names: str) -> Json:
    """The channel axis with one name for each channel."""
    return {"type": "channel", "id": "channel", "channel_names": list(names)}


def space(axis: str, size: Json, *, pixel: float, halo: int | None = None) -> Json:
    """A space axis of pixels that are ``pixel`` micrometers wide; ``halo`` is in pixels, for outputs only.

    The format's own check computes ``size * pixel / pixel`` and compares it with the size: only pixel widths
    that are binary fractions (0.125 and not 0.1) pass it for every size.
    """
    described: dict[str, Json] = {"type": "space", "id": axis, "unit": MICROMETER, "scale": pixel}
    return described | {"size": size} | ({} if halo is None else {"halo": halo})


def at_least(minimum: int, step: int) -> Json:
    """Any size from ``minimum`` in steps of ``step`` pixels."""
    return {"min": minimum, "step": step}


def same_as(tensor: str, axis: str) -> Json:
    """The size of another tensor's axis."""
    return {"tensor_id": tensor, "axis_id": axis}


def step(identifier: str, **kwargs: Json) -> Json:
    """A processing step with its arguments."""
    return {"id": identifier} | ({"kwargs": kwargs} if kwargs else {})


TO_FLOAT32 = step("ensure_dtype", dtype="float32")


def values(kind: str, low: float | None, high: float | None) -> Json:
    """The data type of a tensor and its range; None stands for what the type can hold."""
    return {"type": kind, "range": [low, high]}


def describe(
    folder: Path,
    about: About,
    *,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    weights: Weights,
    tolerance: Mapping[str, Json],
    reason: str,
    format_version: str = FORMAT_VERSION,
) -> Mapping[str, Json]:
    """The whole description of the package in ``folder``, whose files it hashes.

    Args:
        inputs, outputs: tensors without their files, which are ``test_<id>.npy`` and ``sample_<id>.tif``.
        weights: entries by format, the one that was trained first.
        tolerance: how far other machines and formats may be off, and ``reason`` why, as a comment.
        format_version: a later one only for what this one lacks.
    """
    config = commented({"reproducibility_tolerance": [tolerance]}, "reproducibility_tolerance", reason)
    return {
        "format_version": format_version,
        **common_fields(about),
        "config": {"bioimageio": config},
        "inputs": [_with_test_tensor(folder, tensor) for tensor in inputs],
        "outputs": [_with_test_tensor(folder, tensor) for tensor in outputs],
        "weights": {name: _with_hashes(folder, entry) for name, entry in weights.items()},
    }


def _with_test_tensor(folder: Path, tensor: Tensor) -> Json:
    files = {"test_tensor": f"test_{tensor['id']}.npy", "sample_tensor": f"sample_{tensor['id']}.tif"}
    hashed = {field: {"source": name, "sha256": sha256(folder / name)} for field, name in files.items()}
    return {**tensor, **hashed}


def _with_hashes(folder: Path, entry: Mapping[str, Json]) -> Json:
    source = str(entry["source"])
    hashed: dict[str, Json] = {"source": source, "sha256": sha256(folder / source), **entry}
    architecture = entry.get("architecture")
    if isinstance(architecture, Mapping) and "source" in architecture:
        code = str(architecture["source"])
        hashed["architecture"] = {"source": code, "sha256": sha256(folder / code), **architecture}
    return hashed
