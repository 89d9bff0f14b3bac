"""StarDist 0.9: opens a package as its own ``import_bioimageio`` does, and predicts maps and objects.

That function itself needs bioimageio.core 0.5, which reads no description of today.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from typing import Any

from ..protocol import Job, ToldError, ToolError
from . import arrays

_LABELS = "expected_labels.npy"
_LETTERS = {"channel": "c"}  # the ids of axes in format 0.5 are one letter otherwise


def warm() -> None:
    """Import StarDist, and TensorFlow with it."""
    import stardist.models  # noqa: F401


def prepare(job: Job) -> None:
    """Import StarDist and fix seeds and the number of threads."""
    import tensorflow
    from stardist.models import StarDist2D, StarDist3D

    for name in ("predict_instances", "load_weights"):
        if not (hasattr(StarDist2D, name) and hasattr(StarDist3D, name)):
            raise ToolError("StarDist has no {} any more, which its adapter calls".format(name))
    tensorflow.config.threading.set_intra_op_parallelism_threads(job.threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(job.threads)
    tensorflow.keras.utils.set_random_seed(0)


def needs(job: Job) -> list[str]:
    """Keras weights are numbers alone."""
    return []


class _Loaded:
    """A StarDist model and what the description says of its tensors.

    ``labels`` is the attached label map of the test input, empty if there is none.
    """

    def __init__(self, model: Any, described: dict[str, Any]) -> None:
        self.model = model
        tensor, output = described["inputs"][0], described["outputs"][0]
        self.axes = _letters(tensor["axes"])
        self.output_axes = _letters(output["axes"])
        self.output_name = output.get("id") or output["name"]
        self.scaling = _scaling(tensor.get("preprocessing") or [])
        self.labels = _attached(described, _LABELS) or ""


def load(job: Job) -> _Loaded:
    """The model that ``config.stardist`` names: configuration, thresholds, attached weights."""
    import yaml
    from stardist.models import StarDist2D, StarDist3D

    with open(job.description, encoding="utf-8") as stream:
        described = yaml.safe_load(stream)
    stated = described["config"]["stardist"]
    weights = _attached(described, stated["weights"])
    if weights is None:
        missing = "config.stardist.weights: {} is not attached".format(stated["weights"])
        raise ToldError("FileNotFoundError", missing)
    base = tempfile.mkdtemp()
    folder = os.path.join(base, "model")
    os.mkdir(folder)
    for name in ("config", "thresholds"):
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as stream:
            json.dump(stated[name], stream)
    shutil.copy(
        os.path.join(os.path.dirname(job.description), weights), os.path.join(folder, "weights_bioimageio.h5")
    )
    kind = StarDist2D if stated["config"]["n_dim"] == 2 else StarDist3D
    return _Loaded(kind(None, name="model", basedir=base), described)


def predict(
    loaded: _Loaded,
    inputs: list[str],
    folder: str,
    padding: bool,
) -> tuple[list[dict[str, Any]], float]:
    """The maps as StarDist exports them, and the label map if the package has one to compare with."""
    import numpy

    (batch,) = arrays.read(inputs)
    first = loaded.axes.index("b")
    axes = loaded.axes.replace("b", "")
    images = [_scaled(loaded, image, axes) for image in numpy.moveaxis(batch, first, 0)]
    clock = time.perf_counter()
    maps = [_maps(loaded, image, axes) for image in images]
    found = [loaded.model.predict_instances(image, axes=axes.upper())[0] for image in images]
    seconds = time.perf_counter() - clock
    produced = [(loaded.output_name, numpy.stack(maps, loaded.output_axes.index("b")))]
    if loaded.labels:
        produced.append(("labels", numpy.stack(found)))
    told = arrays.write(produced, folder)
    for label_map in told[1:]:
        label_map.update(expected=loaded.labels, labels=True)
    return told, seconds


def _scaled(loaded: _Loaded, image: Any, axes: str) -> Any:
    """The image between the described percentiles, by the function that StarDist's users call."""
    from csbdeep.utils import normalize

    image = image.astype("float32")
    if loaded.scaling is None:
        return image
    low, high, over = loaded.scaling
    return normalize(image, low, high, axis=tuple(axes.index(axis) for axis in over if axis in axes))


def _maps(loaded: _Loaded, image: Any, axes: str) -> Any:
    """What ``StarDistBase.export_TF`` makes the network answer, in the described axes.

    Maps have the size of the image: a probability stands at the first pixel of its cell of the grid, and its
    distances at all of them. ``predict`` would raise distances below 0.001, which the export does not.
    """
    import numpy

    config = loaded.model.config
    mine = config.axes.lower()
    image = image.transpose([axes.index(axis) for axis in mine])
    probability, distances = (
        numpy.asarray(answer)[0] for answer in loaded.model.keras_model(image[None], training=False)[:2]
    )
    sparse = numpy.zeros((*image.shape[:-1], 1), probability.dtype)
    sparse[tuple(slice(None, None, step) for step in config.grid)] = probability
    for axis, step in enumerate(config.grid):
        distances = numpy.repeat(distances, step, axis)
    both = numpy.concatenate([sparse, distances], axis=-1)
    return both.transpose([mine.index(axis) for axis in loaded.output_axes.replace("b", "")])


def _letters(axes: Any) -> str:
    """One letter for each axis: "byxc", as format 0.4 writes them."""
    if isinstance(axes, str):
        return axes
    ids = [axis.get("id") or axis["type"] for axis in axes]
    return "".join("b" if name == "batch" else _LETTERS.get(name, name) for name in ids)


def _scaling(steps: list[dict[str, Any]]) -> tuple[float, float, str] | None:
    """Percentiles and axes of the step scale_range, None without one."""
    for step in steps:
        if (step.get("id") or step.get("name")) == "scale_range":
            kwargs = step.get("kwargs") or {}
            axes = kwargs.get("axes") or "zyxc"
            letters = "".join(_LETTERS.get(axis, axis) for axis in axes)
            return kwargs.get("min_percentile", 0.0), kwargs.get("max_percentile", 100.0), letters
    return None


def _attached(described: dict[str, Any], name: str) -> str | None:
    """The path of the attachment with this file name, in either format."""
    attachments = described.get("attachments") or []
    files = attachments.get("files") or [] if isinstance(attachments, dict) else attachments
    paths = [file["source"] if isinstance(file, dict) else file for file in files]
    return next((path for path in paths if os.path.basename(path) == name), None)
