"""Descriptions in format 0.4, which a third of the models in the zoo still have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.collection.about import About, common_fields
from tools.collection.files import Json, commented, sha256

FORMAT_VERSION = "0.4.10"


def free_sizes(minimum: Sequence[int], steps: Sequence[int]) -> Json:
    """Input shapes from ``minimum`` in ``steps``, one number for each axis; the batch axis has step 0."""
    return {"min": list(minimum), "step": list(steps)}


def shape_of(tensor: str, axes: int) -> Json:
    """An output shape equal to an input's, which has that many axes."""
    return {"reference_tensor": tensor, "scale": [1.0] * axes, "offset": [0] * axes}


def step(name: str, **kwargs: Json) -> Json:
    """A processing step with its arguments."""
    return {"name": name} | ({"kwargs": kwargs} if kwargs else {})


def describe(
    folder: Path,
    about: About,
    *,
    inputs: Sequence[Mapping[str, Json]],
    outputs: Sequence[Mapping[str, Json]],
    weights: Mapping[str, Mapping[str, Json]],
    tolerance: Mapping[str, Json],
    reason: str,
) -> Mapping[str, Json]:
    """The whole description of the package in ``folder``, whose weights files it hashes.

    Test tensors are ``test_<name>.npy`` in the folder; format 0.4 has no place for their hashes. The
    tolerance goes to every weights format, ``reason`` becomes a comment.
    """
    config = commented({"test_kwargs": {name: dict(tolerance) for name in weights}}, "test_kwargs", reason)
    return {
        "format_version": FORMAT_VERSION,
        **common_fields(about),
        "config": {"bioimageio": config},
        "inputs": list(inputs),
        "outputs": list(outputs),
        "test_inputs": [f"test_{tensor['name']}.npy" for tensor in inputs],
        "test_outputs": [f"test_{tensor['name']}.npy" for tensor in outputs],
        "sample_inputs": [f"sample_{tensor['name']}.tif" for tensor in inputs],
        "sample_outputs": [f"sample_{tensor['name']}.tif" for tensor in outputs],
        "weights": {name: _with_hashes(folder, entry) for name, entry in weights.items()},
    }


def _with_hashes(folder: Path, entry: Mapping[str, Json]) -> Json:
    source = str(entry["source"])
    hashed: dict[str, Json] = {"source": source, "sha256": sha256(folder / source), **entry}
    if "architecture" in entry:
        code = str(entry["architecture"]).split(":")[0]
        hashed["architecture_sha256"] = sha256(folder / code)
    return hashed
