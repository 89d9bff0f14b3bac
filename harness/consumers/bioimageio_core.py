"""bioimageio.core, the reference runtime."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "bioimageio.core"
TITLE = "bioimageio.core"
OWNER = "bioimage-io"
HOME = "https://bioimage-io.github.io/core-bioimage-io-python/"
DISTRIBUTION = "bioimageio-core"
TESTED = ">=0.11,<0.12"
# bioimageio.spec 0.5.12 calls every description invalid under pydantic 2.14.
NEEDS = ("pydantic<2.14",)
DEPTH = Depth.TOOL
RUNNER = "bioimageio_core"
LEVEL = Level.REQUIRED
AS_CALLED = True


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """The runtime has a backend for every weights format but TensorFlow.js."""
    if weights_format is WeightsFormat.TENSORFLOW_JS:
        return "bioimageio.core has no runtime for TensorFlow.js weights; browsers run them"
    return None
