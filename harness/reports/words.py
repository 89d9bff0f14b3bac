"""Words that only the pages need; those of statuses, reasons and checks are in :mod:`harness.labels`."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.verdict import Check

FORMAT: dict[WeightsFormat, str] = {
    WeightsFormat.PYTORCH_STATE_DICT: "state dict",
    WeightsFormat.TORCHSCRIPT: "torchscript",
    WeightsFormat.ONNX: "onnx",
    WeightsFormat.KERAS_HDF5: "keras h5",
    WeightsFormat.KERAS_V3: "keras v3",
    WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE: "tf saved model",
    WeightsFormat.TENSORFLOW_JS: "tf.js",
}

NO_FORMAT = "description"
"""Stands where a weights format would: no weights entry could be read."""

DEPTH: dict[Depth, str] = {
    Depth.STATIC: "only rules about the model's description were checked; nothing was run",
    Depth.RUNTIME: "the reference runtime ran the model inside the tool's environment",
    Depth.TOOL: "the tool itself ran the model",
}

FINDING: dict[Check, str] = {
    Check.SCAN: (
        "The files hold what could do harm when they are loaded or run. The maintainers' policy lets it "
        "through; the message says what it is, and why."
    ),
    Check.AS_CALLED: (
        "Called the way that the tool calls it by default, with its padding, the model does not give the "
        "declared outputs. The verdict compares without that padding, so users of the tool may see results "
        "that differ from it."
    ),
    Check.DETERMINISM: (
        "Repeated runs on the same input gave different outputs. Each was close enough to pass, but results "
        "cannot be repeated exactly."
    ),
    Check.AGREEMENT: (
        "Weights formats or devices of this model give different outputs. Each is close enough to pass, but "
        "the choice between them changes the result."
    ),
}
"""What it means when a check that no verdict requires fails, although the verdict is passed."""

FILE: dict[str, str] = {"log": "log", "build-log": "build log", "array": "array (.npy)"}
"""The kinds of artifacts that a page links to; covers and pictures are shown instead."""
