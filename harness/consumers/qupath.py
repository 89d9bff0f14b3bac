"""QuPath without a display.

A command line behind the setting HARNESS_QUPATH; see docs/command-line-consumers.md.
"""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "qupath"
TITLE = "QuPath"
OWNER = "qupath"
HOME = "https://qupath.github.io/"
DISTRIBUTION = "command-line"  # its command.toml states the version
TESTED = ">=0"
NEEDS = ()
DEPTH = Depth.TOOL
RUNNER = "jvm"
LEVEL = Level.REQUIRED
AS_CALLED = False

_FORMATS = (WeightsFormat.TORCHSCRIPT, WeightsFormat.ONNX, WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE)


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """The formats that its Java engines read."""
    if weights_format not in _FORMATS:
        return f"{TITLE} runs TorchScript, ONNX and SavedModel weights, and these are {weights_format.value}"
    return None
