"""SpotMAX 1.3 through its own wrapper of the reference runtime, ``spotmax.BioImageIO.model.Model``.

``Model.segment`` pads and crops as the reference runtime does by default, and returns where the first
channel of an output is not 0. It hides what the model itself predicts, so its three steps are called here.
"""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any

from ..protocol import Job, ToolError
from . import arrays, bioimageio_core

_STEPS = ("create_input_sample", "get_prediction_mask")


def warm() -> None:
    """Import SpotMAX's wrapper and the reference runtime."""
    home = os.environ.get("HOME", "")
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HOME"] = scratch  # SpotMAX writes settings there while it is imported
        import spotmax.BioImageIO.model  # noqa: F401
    os.environ["HOME"] = home

    bioimageio_core.warm()


def prepare(job: Job) -> None:
    """Import SpotMAX's wrapper and fix seeds and the number of threads."""
    from spotmax.BioImageIO.model import Model

    for step in _STEPS:
        if not hasattr(Model, step):
            raise ToolError("SpotMAX's wrapper has no {} any more, which its adapter calls".format(step))
    bioimageio_core.prepare(job)


def needs(job: Job) -> list[str]:
    """What a state dict would import."""
    return bioimageio_core.needs(job)


def load(job: Job) -> Any:
    """The wrapper. Files were fetched and checked before, and test tensors are not there to be checked."""
    from bioimageio.spec import ValidationContext
    from spotmax.BioImageIO.model import Model

    with ValidationContext(perform_io_checks=False):
        return Model(job.description)


def predict(
    model: Any,
    inputs: list[str],
    folder: str,
    padding: bool,
) -> tuple[list[dict[str, Any]], float]:
    """Each output as it is predicted, and what ``Model.segment`` makes of those that are real numbers.

    Where whole numbers are not 0 there is an object. Where a probability is not 0 there need not be one, so
    that a mask of it is compared with the output itself: they are equal if the model gives a mask already.
    """
    (batch,) = arrays.read(inputs)
    described = model.model_description
    clock = time.perf_counter()
    answers = [_segment(model, image) for image in _one_by_one(batch, described.inputs[0])]
    seconds = time.perf_counter() - clock
    values, masks, compared_with = [], [], []
    for tensor, *answered in zip(described.outputs, *answers):
        name, batch_axis = str(tensor.id), _batch_axis(tensor)
        predicted, found = zip(*answered)
        values.append((name, _joined(predicted, batch_axis)))
        if str(tensor.dtype).startswith("float"):
            masks.append(("{} (first channel, where it is not 0)".format(name), _joined(found, batch_axis)))
            source = tensor.test_tensor.source
            compared_with.append(str(source) if "://" in str(source) else str(source.path))
    told = arrays.write(values + masks, folder)
    for mask, file in zip(told[len(values) :], compared_with):
        mask["expected"] = file
    return told, seconds


def _segment(model: Any, image: Any) -> list[tuple[Any, Any]]:
    """What is predicted for one image, and what ``Model.segment`` makes of it: 1 in the mask, 0 elsewhere."""
    sample, first = model.create_input_sample(image)
    predicted = model.prediction_pipeline.predict_sample_without_blocking(sample)
    answers = []
    for number, tensor in enumerate(model.model_description.outputs):
        values = predicted.members[tensor.id].data.to_numpy()
        mask = model.get_prediction_mask(predicted, first, number)
        answers.append((values, mask.reshape((1,) * len(first) + mask.shape).astype(values.dtype)))
    return answers


def _one_by_one(batch: Any, described: Any) -> list[Any]:
    """The images of a batch, as SpotMAX has them: one at a time."""
    axis = _batch_axis(described)
    return [batch] if axis is None else [batch.take([place], axis) for place in range(batch.shape[axis])]


def _batch_axis(tensor: Any) -> int | None:
    types = [getattr(axis, "type", "") for axis in tensor.axes]  # one letter for each in format 0.4
    return types.index("batch") if "batch" in types else None


def _joined(images: Any, axis: int | None) -> Any:
    import numpy

    return images[0] if axis is None else numpy.concatenate(images, axis)
