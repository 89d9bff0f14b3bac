"""StarDist: reads packages that its own ``export_bioimageio`` made."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "stardist"
TITLE = "StarDist"
OWNER = "stardist"
HOME = "https://github.com/stardist/stardist"
DISTRIBUTION = "stardist"
TESTED = ">=0.9.2,<0.10"
# It leaves the choice between builds of TensorFlow to its users.
NEEDS = ("tensorflow-cpu>=2.16",)
DEPTH = Depth.TOOL
RUNNER = "stardist"
LEVEL = Level.REQUIRED
AS_CALLED = False
_STEPS = {"scale_range", "ensure_dtype"}


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """StarDist opens what its export writes: a SavedModel, and the weights that it reads itself, attached."""
    if weights_format is not WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE:
        return (
            f"StarDist reads the Keras weights that its export attaches to a TensorFlow SavedModel, "
            f"not {weights_format.value}"
        )
    if "stardist" not in description.config:
        return (
            "no StarDist model: config.stardist, where its export writes network and thresholds, is missing"
        )
    if not any(source.endswith(".h5") for source in description.attachments):
        return "the Keras weights (.h5) that StarDist's export attaches, and StarDist reads, are missing"
    if len(description.inputs) != 1 or len(description.outputs) != 1:
        return "StarDist's networks have one input and one output"
    others = [step for tensor in description.inputs for step in tensor.steps if step not in _STEPS]
    if others:
        return f"StarDist scales images between percentiles and has no preprocessing step {others[0]}"
    return None
