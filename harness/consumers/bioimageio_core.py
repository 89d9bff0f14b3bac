"""bioimageio.core, the reference runtime. Tested with 0.11.0."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat

NAME = "bioimageio.core"
DISTRIBUTION = "bioimageio-core"
# bioimageio.spec 0.5.12 calls every description invalid under pydantic 2.14.
NEEDS = ("pydantic<2.14",)
DEPTH = Depth.TOOL
RUNNER = "bioimageio_core"


def unsupported(weights_format: WeightsFormat) -> str | None:
    """The runtime has a backend for every weights format but TensorFlow.js."""
    if weights_format is WeightsFormat.TENSORFLOW_JS:
        return "bioimageio.core has no runtime for TensorFlow.js weights; browsers run them"
    return None
