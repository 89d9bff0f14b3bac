"""SpotMAX: hands an image to any model through the reference runtime, and takes a mask from it."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "spotmax"
TITLE = "SpotMAX"
OWNER = "ElpadoCan"
HOME = "https://github.com/SchmollerLab/SpotMAX"
DISTRIBUTION = "spotmax"
TESTED = ">=1.3.3,<1.4"
# It installs them into the user's environment once they are needed.
NEEDS = ("bioimageio.core>=0.11,<0.12", "pydantic<2.14", "cellacdc>=1.8")
DEPTH = Depth.TOOL
RUNNER = "spotmax"
LEVEL = Level.ADVISORY  # its mask is all that is not 0, and it pads by the halo: for its team to see
AS_CALLED = False
_OPENED = (WeightsFormat.PYTORCH_STATE_DICT, WeightsFormat.TORCHSCRIPT)


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """SpotMAX hands over one image of one channel, on PyTorch."""
    if weights_format not in _OPENED:
        return f"SpotMAX comes with PyTorch alone, which does not open {weights_format.value}"
    if len(description.inputs) != 1:
        return f"SpotMAX hands over one image, the model takes {len(description.inputs)}"
    channels = description.inputs[0].channels
    if channels is not None and channels != 1:
        return f"SpotMAX hands over an image of one channel, the model takes {channels}"
    return None
