"""BiaPy 3.7: opens a model as ``BiaPy.load_workflow_from_model`` does, and predicts in memory.

Without tasks it only asks BiaPy's check of the description, also in 3.6: one process has then imported BiaPy
for both consumers.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from typing import Any

from ..protocol import Job, ToolError
from . import arrays, biapy_compatibility, torch_framework

# What BiaPy imports only once it knows the workflow.
_WORKFLOWS = ("denoising", "image_to_image", "self_supervised", "semantic_seg", "super_resolution")
_LATE = (
    "biapy.models",
    *("biapy.engine." + name for name in _WORKFLOWS),
    "imageio.plugins.tifffile_v3",
    "skimage.draw",
    "skimage.feature",
    "skimage.filters",
    "torch.utils.serialization.config",
)


def warm() -> None:
    """Import BiaPy and all its workflows that have an output to compare."""
    torch_framework.import_torchvision()
    for module in _LATE:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def prepare(job: Job) -> None:
    """Import BiaPy, fix seeds and the number of threads.

    Raises:
        ToolError: it checks no descriptions, or opens no models, in this way any more.
    """
    torch_framework.hide_devices(job)
    torch_framework.import_torchvision()
    import biapy
    from biapy import models

    if not hasattr(models, "check_bmz_model_compatibility"):
        raise ToolError("BiaPy {} has no check_bmz_model_compatibility".format(biapy.__version__))
    if job.tasks and not hasattr(biapy.BiaPy, "load_workflow_from_model"):
        raise ToolError("BiaPy {} has no load_workflow_from_model".format(biapy.__version__))
    torch_framework.fix(job)


def needs(job: Job) -> list[str]:
    """See :func:`torch_framework.needs`."""
    return torch_framework.needs(job)


def refuse(job: Job) -> None:
    """Raise RefusedError, in BiaPy's words, if it does not take the model."""
    from bioimageio.spec import ValidationContext

    with ValidationContext(perform_io_checks=False):
        biapy_compatibility.refuse(biapy_compatibility.description(job))


def load(job: Job) -> tuple[Any, str] | None:
    """BiaPy with the model opened, and the id of its output. Files were checked before: no IO checks here.

    BiaPy looks a model up at the zoo's service by its name, and opens it by the same name. Here the name is
    the path of its description, and the service's answer is what that says.
    """
    if not job.tasks:
        return None
    import torch
    from biapy import BiaPy, models
    from bioimageio.spec import ValidationContext

    described = biapy_compatibility.description(job)
    models.find_bmz_models = lambda *_args, **_kwargs: [described]
    with ValidationContext(perform_io_checks=False):
        biapy = BiaPy.load_workflow_from_model(job.description)
    torch.set_num_threads(job.threads)  # BiaPy has taken as many as there are processors
    return biapy, str(biapy.workflow.bmz_config["original_bmz_config"].outputs[0].id)


def predict(
    model: tuple[Any, str], inputs: list[str], folder: str, padding: bool
) -> tuple[list[dict[str, Any]], float]:
    """Predict image by image, with channels last as BiaPy has them.

    By itself BiaPy cuts an image into patches of the smallest size that the description allows, without
    overlap. So it is called with ``padding``; without, it gets a 2D image as a whole.
    """
    import numpy

    biapy, name = model
    (images,) = arrays.read(inputs)
    biapy.update_config({"TEST.FULL_IMG": not padding}, rebuild=False)
    clock = time.perf_counter()
    predictions = [biapy.predict(numpy.moveaxis(image, 0, -1)) for image in images]
    seconds = time.perf_counter() - clock
    return arrays.write([(name, numpy.moveaxis(numpy.stack(predictions), -1, 1))], folder), seconds
