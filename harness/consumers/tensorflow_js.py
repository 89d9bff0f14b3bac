"""TensorFlow.js with its WebAssembly back-end, in Node.

It stands for ImJoy and the BioEngine web client as far as these run such weights in the browser: the same
library with the same back-end; their own pages are not tested.
"""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level
from harness.worker.runners.node import STEPS

NAME = "tensorflow.js"
TITLE = "TensorFlow.js"
OWNER = "imjoy-team"
HOME = "https://www.tensorflow.org/js"
DISTRIBUTION = "@tensorflow/tfjs-core"
TESTED = ">=4.22,<4.23"
NEEDS = ()
DEPTH = Depth.TOOL
RUNNER = "tensorflow_js"
LEVEL = Level.REQUIRED
AS_CALLED = False


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """TensorFlow.js weights, and the steps that are written in JavaScript."""
    if weights_format is not WeightsFormat.TENSORFLOW_JS:
        return f"{TITLE} runs its own weights, and these are {weights_format.value}"
    steps = [step for tensor in (*description.inputs, *description.outputs) for step in tensor.steps]
    if missing := sorted(set(steps) - STEPS):
        return f"no JavaScript is there for the processing step {missing[0]}, which {TITLE} itself has not"
    return None
