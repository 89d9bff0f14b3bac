"""CAREamics, which opens the models that were exported by it."""

from __future__ import annotations

from pathlib import PurePosixPath

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "careamics"
TITLE = "CAREamics"
OWNER = "CAREamics"
HOME = "https://careamics.github.io/latest/"
DISTRIBUTION = "careamics"
TESTED = ">=0.3.4,<0.3.6"
# bioimageio.spec 0.5.12 calls every description invalid under pydantic 2.14.
NEEDS = ("pydantic<2.14",)
DEPTH = Depth.TOOL
RUNNER = "careamics"
LEVEL = Level.REQUIRED
AS_CALLED = False
CONFIGURATION = "careamics.yaml"


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """It builds the network out of a configuration that its export attaches to the package."""
    if weights_format is not WeightsFormat.PYTORCH_STATE_DICT:
        return "CAREamics opens PyTorch state dicts only"
    if CONFIGURATION not in (PurePosixPath(source).name for source in description.attachments):
        return f"CAREamics opens only what it exported itself, and no attachment is called {CONFIGURATION}"
    if len(description.inputs) != 1 or len(description.outputs) != 1:
        return "CAREamics' networks have one input and one output"
    return None
