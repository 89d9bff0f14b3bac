"""A BioEngine service, such as the public one: it runs its own copy of a model, on its own machines.

Behind the setting HARNESS_BIOENGINE, which says where it is; see docs/consumers.md.
"""

from __future__ import annotations

from harness.cell import Depth, WeightsFormat
from harness.collection.description import Description
from harness.policy import Level

NAME = "bioengine-service"
TITLE = "BioEngine service"
OWNER = "aicell-lab"
HOME = "https://github.com/aicell-lab/bioengine-worker"
DISTRIBUTION = "command-line"  # its command.toml states the version
TESTED = ">=0"
NEEDS = ()
DEPTH = Depth.TOOL
RUNNER = "bioengine_service"
LEVEL = Level.ADVISORY  # what it runs, and when that changes, is not in a contributor's hands
AS_CALLED = False


def applicable(description: Description, weights_format: WeightsFormat) -> str | None:
    """It has published models, by their ids, and its model runner opens what the reference runtime opens."""
    if description.id is None:
        return "a BioEngine service knows models by their ids, and this description states none"
    if weights_format is WeightsFormat.TENSORFLOW_JS:
        return "BioEngine's model runner has no runtime for TensorFlow.js weights; browsers run them"
    return None
