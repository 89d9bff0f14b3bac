"""The reference runtime, bioimageio.core 0.10 and 0.11: called as its own test does, or as consumers do."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import time
from pathlib import Path
from typing import Any

from ..protocol import Job, ToldError
from . import arrays, torch_framework

# What the runtime imports only once it loads weights, and torch once it opens a file.
_LATE = (
    "bioimageio.core.backends.keras_backend",
    "bioimageio.core.backends.onnx_backend",
    "bioimageio.core.backends.pytorch_backend",
    "bioimageio.core.backends.tensorflow_backend",
    "bioimageio.core.backends.torchscript_backend",
    "torch.utils.serialization.config",
)


def warm() -> None:
    """Import the runtime and the frameworks that the environment holds."""

    for module in _LATE:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def prepare(job: Job) -> None:
    """Import the runtime and fix seeds and the number of threads."""
    import bioimageio.core
    import bioimageio.spec

    bioimageio.spec.settings.cache_path = Path(os.environ["BIOIMAGEIO_CACHE_PATH"])
    if job.weights_format in ("pytorch_state_dict", "torchscript"):
        torch_framework.fix(job)
    else:
        if job.weights_format == "onnx":
            _fix_onnx_threads(job.threads)
        bioimageio.core.enable_determinism("seed_only", weight_formats=[job.weights_format])


def _fix_onnx_threads(threads: int) -> None:
    """onnxruntime takes its number of threads from the session's options alone, and core passes none."""
    import onnxruntime

    session = onnxruntime.InferenceSession

    def with_threads(model: object, sess_options: Any = None, **kwargs: Any) -> Any:
        options = sess_options or onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = threads
        return session(model, sess_options=options, **kwargs)

    onnxruntime.InferenceSession = with_threads


def needs(job: Job) -> list[str]:
    """See :func:`torch_framework.needs`; of other weights, nothing is known."""
    return torch_framework.needs(job)


def load(job: Job) -> Any:
    """The loaded prediction pipeline. Files were fetched and checked before: no IO checks here."""
    from bioimageio.core import create_prediction_pipeline
    from bioimageio.spec import InvalidDescr, load_description

    description = load_description(job.description, perform_io_checks=False)
    if isinstance(description, InvalidDescr):
        raise ToldError("InvalidDescr", description.validation_summary.format())
    pipeline = create_prediction_pipeline(
        bioimageio_model=description,
        weight_format=job.weights_format,
        devices=_devices(job),
    )
    pipeline.load()
    return pipeline


def _devices(job: Job) -> list[str] | None:
    """In the framework's own words; None for what it takes by itself."""
    if job.weights_format != "onnx":
        return [job.device]
    return ["CUDAExecutionProvider"] if job.device == "cuda" else None


def predict(
    pipeline: Any, inputs: list[str], folder: str, padding: bool
) -> tuple[list[dict[str, Any]], float]:
    """Predict on one set of inputs: with ``padding`` as consumers call it, else as core's own test does."""
    from bioimageio.core import Sample, Tensor
    from bioimageio.core.digest_spec import get_axes_infos, get_member_id

    model = model_of(pipeline)
    sample = Sample(
        members={
            get_member_id(tensor): Tensor.from_numpy(array, dims=get_axes_infos(tensor))
            for tensor, array in zip(model.inputs, arrays.read(inputs))
        },
        stat={},
        id="test-sample",
    )
    clock = time.perf_counter()
    result = pipeline.predict_sample_without_blocking(sample, **padded(pipeline, padding))
    seconds = time.perf_counter() - clock
    names = [get_member_id(tensor) for tensor in model.outputs]
    produced = [(str(name), result.members[name].data.to_numpy()) for name in names if name in result.members]
    return arrays.write(produced, folder), seconds


def model_of(pipeline: Any) -> Any:
    """The library's description of the model; before 0.11 it had another name."""
    return pipeline.model_descr if hasattr(pipeline, "model_descr") else pipeline.model_description


def padded(pipeline: Any, padding: bool) -> dict[str, bool]:
    """What makes the pipeline pad inputs and crop outputs, or not; older releases never do."""
    known = inspect.signature(pipeline.predict_sample_without_blocking).parameters
    return {name: not padding for name in ("skip_input_padding", "skip_output_cropping") if name in known}
