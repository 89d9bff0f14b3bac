"""Cellpose 3: opens state dictionaries of its own network."""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "cellpose"
TITLE = "Cellpose"
OWNER = "mouseland"
HOME = "https://github.com/mouseland/cellpose"
DISTRIBUTION = "cellpose"
# Cellpose 4 has another network, and reads no weights of Cellpose 3.
TESTED = ">=3.1.1,<4"
NEEDS = ()
DEPTH = Depth.TOOL
RUNNER = "cellpose"
LEVEL = Level.REQUIRED
AS_CALLED = False
_NETWORKS = ("CPnetBioImageIO", "CPnet")


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """Cellpose reads weights of its network, which its export names as the architecture."""
    if weights_format is not WeightsFormat.PYTORCH_STATE_DICT:
        return f"Cellpose reads PyTorch state dictionaries, not {weights_format.value}"
    architecture = description.architecture
    if architecture is None or architecture.callable not in _NETWORKS:
        name = architecture.callable if architecture else "no architecture"
        return f"the weights are of {name}, Cellpose reads those of its own network, {_NETWORKS[0]}"
    tensors = (*description.inputs, *description.outputs)
    steps = [step for tensor in tensors for step in tensor.steps if step != "ensure_dtype"]
    if steps:
        return f"Cellpose hands images that it has scaled itself to the network, without the step {steps[0]}"
    return None
