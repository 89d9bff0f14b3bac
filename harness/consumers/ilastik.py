"""ilastik: the reference runtime in the environment that ilastik's team publishes for each release.

That is how ilastik's neural network workflow runs a model, and how its team tests compatibility.
"""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "ilastik"
TITLE = "ilastik"
OWNER = "ilastik"
HOME = "https://www.ilastik.org"
DISTRIBUTION = "bioimageio-core"  # the version is ilastik's own, see environments/ilastik/published.toml
TESTED = ">=1.4.1.dev0,<1.5.dev0"
NEEDS = ("pydantic<2.14",)
DEPTH = Depth.RUNTIME
RUNNER = "bioimageio_core"
LEVEL = Level.REQUIRED
AS_CALLED = False
_FORMATS = {WeightsFormat.PYTORCH_STATE_DICT, WeightsFormat.TORCHSCRIPT, WeightsFormat.ONNX}


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """One input, one output, in what ilastik's runtime (tiktorch) has a framework for."""
    inputs, outputs = len(description.inputs), len(description.outputs)
    if (inputs, outputs) != (1, 1):
        return f"ilastik opens models with one input and one output; this one has {inputs} and {outputs}"
    if weights_format not in _FORMATS:
        return f"ilastik has no framework for {weights_format.value} weights, but for PyTorch and ONNX"
    return None
