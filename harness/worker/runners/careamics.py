"""CAREamics 0.3: opens its own export and predicts on whole images, both through ``CAREamist``."""

from __future__ import annotations

import contextlib
import importlib
import tempfile
import time
from typing import Any

from ..protocol import Job, ToolError
from . import arrays, torch_framework

_AXES = {4: "SCYX", 5: "SCZYX"}  # the only ones that CAREamics exports, by number


def warm() -> None:
    """Import CAREamics with all that it imports only once it predicts."""
    torch_framework.import_torchvision()
    for module in ("careamics.careamist", "torch.utils.serialization.config"):
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def prepare(job: Job) -> None:
    """Import CAREamics, fix seeds and the number of threads.

    Raises:
        ToolError: it has no ``CAREamist`` any more.
    """
    torch_framework.hide_devices(job)
    torch_framework.import_torchvision()
    import careamics

    if not hasattr(careamics, "CAREamist"):
        raise ToolError("CAREamics {} has no CAREamist to open models with".format(careamics.__version__))
    torch_framework.fix(job)


def needs(job: Job) -> list[str]:
    """See :func:`torch_framework.needs`."""
    return torch_framework.needs(job)


def load(job: Job) -> tuple[Any, str]:
    """The opened model and the id of its output. Files were fetched and checked before: no IO checks here."""
    from bioimageio.spec import ValidationContext, load_model_description
    from careamics import CAREamist

    with ValidationContext(perform_io_checks=False):
        description: Any = load_model_description(job.description)
        model = CAREamist(bmz_path=job.description, work_dir=tempfile.mkdtemp(), enable_progress_bar=False)
    return model, str(description.outputs[0].id)


def predict(
    model: tuple[Any, str],
    inputs: list[str],
    folder: str,
    padding: bool,
) -> tuple[list[dict[str, Any]], float]:
    """Predict on images with axes as exported: sample, channel, (z,) y, x. It knows no padding.

    A model out of a package has no checkpoints: "last" then are the weights as loaded, while "best", which
    CAREamics takes by itself for CARE, cannot be found.
    """
    careamist, name = model
    (images,) = arrays.read(inputs)
    axes = _AXES[images.ndim]
    supervised = careamist.config.data_config.target_axes is not None
    clock = time.perf_counter()
    predictions, _ = careamist.predict(
        images,
        axes=axes,
        output_axes=axes if supervised else None,  # others may not state any
        data_type="array",
        checkpoint="last",
    )
    seconds = time.perf_counter() - clock
    (prediction,) = predictions
    return arrays.write([(name, prediction)], folder), seconds
