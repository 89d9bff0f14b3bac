"""How far a worker can be kept from the machine, in words that policy, command line and records share."""

from __future__ import annotations

from enum import Enum


class Level(str, Enum):
    """How far a worker is kept from the machine, from the weakest to the strongest."""

    PROCESS = "process"
    SANDBOX = "sandbox"
    CONTAINER = "container"

    def is_weaker_than(self, other: Level) -> bool:
        """Whether it shows a worker what the other level hides; of sandbox and container neither does."""
        return self is Level.PROCESS and other is not Level.PROCESS
