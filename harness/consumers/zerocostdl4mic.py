"""ZeroCostDL4Mic: whether a model names the notebook that it comes from, and that notebook opens its weights.

Decided from the description alone. What each notebook installs is in its requirements files, in the team's
repository; DL4MicEverywhere makes its containers of the same files.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "zerocostdl4mic"
TITLE = "ZeroCostDL4Mic"
OWNER = "HenriquesLab"
HOME = "https://github.com/HenriquesLab/ZeroCostDL4Mic"
DISTRIBUTION = ""
TESTED = ">=0"
NEEDS: tuple[str, ...] = ()
DEPTH = Depth.STATIC
RUNNER = ""
LEVEL = Level.ADVISORY  # a link that is missing keeps no model from working
AS_CALLED = False

_PREFIX = "zero/notebook_"
_SUFFIX = "_zerocostdl4mic"
_TENSORFLOW = "TensorFlow"
_PYTORCH = "PyTorch"
_FRAMEWORK: Mapping[WeightsFormat, str] = {
    WeightsFormat.PYTORCH_STATE_DICT: _PYTORCH,
    WeightsFormat.TORCHSCRIPT: _PYTORCH,
    WeightsFormat.KERAS_HDF5: _TENSORFLOW,
    WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE: _TENSORFLOW,
}
# Of the notebooks whose requirements were read: what they install to open weights.
_INSTALLED: Mapping[str, frozenset[str]] = {
    "care_2d": frozenset({_TENSORFLOW}),
    "cellpose_2d": frozenset({_TENSORFLOW, _PYTORCH}),  # cellpose brings PyTorch
    "noise2void_2d": frozenset({_TENSORFLOW}),
    "pix2pix_2d": frozenset({_TENSORFLOW, _PYTORCH}),
    "stardist_2d": frozenset({_TENSORFLOW}),
    "stardist_3d": frozenset({_TENSORFLOW}),
    "u-net_2d_multilabel": frozenset({_TENSORFLOW}),
}


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """Whether one of the linked notebooks has the framework that opens such weights."""
    linked = [name for link in description.links if (name := _notebook(link))]
    if not linked:
        return "no notebook of ZeroCostDL4Mic is among the model's links (zero/Notebook_...)"
    framework = _FRAMEWORK.get(weights_format)
    if framework is None:
        return f"no notebook of ZeroCostDL4Mic opens {weights_format.value} weights"
    known = [name for name in linked if name in _INSTALLED]
    if not known:
        return f"it is not known here what the linked notebook {linked[0]} installs"
    if not any(framework in _INSTALLED[name] for name in known):
        return f"the linked notebook {known[0]} does not install {framework}, which opens such weights"
    return None


def _notebook(link: str) -> str:
    """``stardist_2d`` of ``zero/Notebook_StarDist_2D_ZeroCostDL4Mic``; empty for any other link."""
    name = link.lower()
    if not name.startswith(_PREFIX):
        return ""
    return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
