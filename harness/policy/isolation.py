"""How far models are kept from the machine and from each other (pure)."""

from __future__ import annotations

from enum import Enum
from typing import Literal

import msgspec

from harness.errors import UsageError
from harness.isolation import Level


class Containers(str, Enum):
    """How cells share containers."""

    WARM = "warm"
    EACH = "each"


class Isolation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every run with the policy uses.

    Attributes:
        level: the least; None leaves it to the command line.
        container: one for the cells of an environment, or one for each cell.
    """

    level: Level | None = None
    container: Containers = Containers.WARM

    @property
    def one_container_per_cell(self) -> bool:
        """Whether no container holds more than one cell."""
        return self.container is Containers.EACH

    def chosen(self, asked: str) -> Level | Literal["auto"]:
        """The level of a run.

        Args:
            asked: on the command line; "auto" if nothing was.

        Raises:
            UsageError: a weaker level than the policy's was asked for.
        """
        if asked == "auto":
            return self.level or "auto"
        level = Level(asked)
        if self.level is not None and level.is_weaker_than(self.level):
            raise UsageError(
                f"--isolation {asked}: is weaker than {self.level.value}, the policy's level; "
                "leave it out, or change level in the policy's [isolation]"
            )
        return level
