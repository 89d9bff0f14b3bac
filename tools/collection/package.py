"""The last steps of every recipe: reference outputs, description, README, cover."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile
from bioimageio.core import create_prediction_pipeline
from bioimageio.core.digest_spec import get_test_input_sample
from bioimageio.spec import InvalidDescr, load_model_description
from numpy.typing import NDArray

from tools.collection.about import About, readme
from tools.collection.cover import Panel, write_cover
from tools.collection.files import Json, write_yaml

Arrays = Mapping[str, NDArray[np.generic]]
"""Test tensors by tensor name, with all axes."""


def reference_outputs(description: Path, weights_format: str) -> dict[str, NDArray[np.generic]]:
    """What the reference runtime makes of the package's test inputs, without padding and cropping."""
    model = load_model_description(description, perform_io_checks=False)
    if isinstance(model, InvalidDescr):
        raise ValueError(model.validation_summary.format())
    with create_prediction_pipeline(model, weight_format=weights_format) as pipeline:  # type: ignore[arg-type]
        sample = pipeline.predict_sample_without_blocking(
            get_test_input_sample(model), skip_input_padding=True, skip_output_cropping=True
        )
    tensors = {str(name): tensor.data.to_numpy() for name, tensor in sample.members.items()}
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def finish(
    folder: Path,
    about: About,
    *,
    inputs: Arrays,
    outputs: Sequence[str],
    weights_format: str,
    description: Callable[[], Mapping[str, Json]],
    draw: Callable[[Arrays], Sequence[Panel]],
    validation: str,
) -> None:
    """Completes the package in ``folder``, which holds the weights files already.

    Args:
        inputs: test inputs; saved as ``test_<name>.npy``, and for viewers as ``sample_<name>.tif``.
        outputs: names of the outputs; the reference runtime makes their test tensors.
        weights_format: the format that makes the test outputs.
        description: makes the description from the files that are in the folder when it is called.
        draw: makes the cover's panels from all test tensors.
        validation: the README's statement on held-out scores.
    """
    tensors = dict(inputs)
    (folder / "README.md").write_text(readme(about, validation), encoding="utf-8")
    # the description hashes the test outputs before there are any
    for name, array in {**inputs, **{name: np.zeros((1, 1), np.float32) for name in outputs}}.items():
        _save(folder, name, array)
    # a cover has to exist as well
    write_cover(folder / "cover.png", [np.zeros((8, 8, 3), np.uint8)])
    write_yaml(description(), folder / "rdf.yaml")
    for name, array in reference_outputs(folder / "rdf.yaml", weights_format).items():
        tensors[name] = array
        _save(folder, name, array)
    write_cover(folder / "cover.png", draw(tensors))
    write_yaml(description(), folder / "rdf.yaml")


def _save(folder: Path, name: str, array: NDArray[np.generic]) -> None:
    """Saves a test tensor, and its first batch entry as TIFF, which image viewers open."""
    np.save(folder / f"test_{name}.npy", array)
    tifffile.imwrite(folder / f"sample_{name}.tif", np.squeeze(array[0]), compression="zlib", metadata=None)
