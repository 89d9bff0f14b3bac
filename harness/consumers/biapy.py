"""BiaPy, which opens models of the zoo for inference and for further training."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "biapy"
TITLE = "BiaPy"
OWNER = "BiaPyX"
HOME = "https://biapy.readthedocs.io/"
DISTRIBUTION = "biapy"
TESTED = ">=3.7.1,<3.8"
NEEDS = ("pydantic<2.14",)
DEPTH = Depth.TOOL
RUNNER = "biapy"
LEVEL = Level.REQUIRED
AS_CALLED = True
# What BiaPy makes of an output in each workflow whose result no package has a test tensor for.
_RESULTS = {
    "instance-segmentation": "instances",
    "detection": "the places of objects",
    "classification": "a class",
}


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """What it never opens, and what it makes something else of. Its own check says the rest, at run time."""
    if weights_format is not WeightsFormat.PYTORCH_STATE_DICT:
        return "BiaPy opens PyTorch state dicts only"
    if len(description.inputs) != 1:
        return f"BiaPy opens models with one input only, this one has {len(description.inputs)}"
    tags = set(description.tags)
    if "semantic-segmentation" in tags or ("segmentation" in tags and "instance-segmentation" not in tags):
        return None  # to BiaPy it is that, whatever else the tags name
    for tag, result in _RESULTS.items():
        if tag in tags:
            return (
                f"by the tag {tag}, BiaPy makes {result} of the output, and there is no test tensor of those"
            )
    return None
