"""BioEngine, which serves models behind a Hypha server.

A model runner of the harness's own stands in for BioEngine's, see ``harness.worker.runners.bioengine``.
"""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "bioengine"
TITLE = "BioEngine"
OWNER = "aicell-lab"
HOME = "https://github.com/aicell-lab/bioengine-worker"
DISTRIBUTION = "hypha-rpc"
TESTED = ">=0.21,<0.22"
NEEDS = ("sqlmodel==0.0.27", "pydantic<2.14")
# Server, client and call are BioEngine's; what runs the model is the reference runtime.
DEPTH = Depth.RUNTIME
RUNNER = "bioengine"
LEVEL = Level.REQUIRED
AS_CALLED = False


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """Its model runner opens what the reference runtime opens."""
    if weights_format is WeightsFormat.TENSORFLOW_JS:
        return "BioEngine's model runner has no runtime for TensorFlow.js weights; browsers run them"
    return None
