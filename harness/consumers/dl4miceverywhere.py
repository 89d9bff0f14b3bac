"""DL4MicEverywhere: a model in the container image of a notebook.

A command line behind the setting HARNESS_DL4MICEVERYWHERE, see docs/consumers.md.
"""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "dl4miceverywhere"
TITLE = "DL4MicEverywhere"
OWNER = "HenriquesLab"
HOME = "https://github.com/HenriquesLab/DL4MicEverywhere"
DISTRIBUTION = "command-line"  # its command.toml states the version
TESTED = ">=0"
NEEDS: tuple[str, ...] = ()
DEPTH = Depth.TOOL
RUNNER = "dl4miceverywhere"
LEVEL = Level.REQUIRED
AS_CALLED = False
# What its two notebooks for models of the zoo have frameworks for.
_FORMATS = (
    WeightsFormat.PYTORCH_STATE_DICT,
    WeightsFormat.TORCHSCRIPT,
    WeightsFormat.ONNX,
    WeightsFormat.KERAS_HDF5,
    WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE,
)


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """What the notebooks "General BioImageIO notebook" for PyTorch and for TensorFlow load."""
    if weights_format not in _FORMATS:
        return f"no notebook of DL4MicEverywhere opens {weights_format.value} weights"
    return None
