"""BiaPy's own compatibility check of descriptions, as the zoo's pages show it. It runs no model."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "biapy-check"
TITLE = "BiaPy's compatibility check"
OWNER = "BiaPyX"
HOME = "https://biapy.readthedocs.io/"
DISTRIBUTION = "biapy"
TESTED = ">=3.6.8,<3.8"
NEEDS = ("pydantic<2.14",)
DEPTH = Depth.STATIC
RUNNER = "biapy"
LEVEL = Level.ADVISORY  # whether BiaPy runs the model is for the cell beside it to say
AS_CALLED = False


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """The check is about the state dict; that a model has none is no failure of its other weights."""
    if weights_format is not WeightsFormat.PYTORCH_STATE_DICT:
        return "BiaPy opens PyTorch state dicts only"
    return None
