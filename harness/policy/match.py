"""Which cells an entry of the policy is about."""

from __future__ import annotations

from enum import Enum
from fnmatch import fnmatchcase

import msgspec

from harness.cell import Cell, Device, WeightsFormat

EVERY = "*"


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Globs, all of which have to match; what is not stated matches every cell.

    Attributes:
        model: the model's id, or else its source.
        consumer: the tool's name.
        weights: a weights format. A model that cannot be read has none: only ``*`` matches it.
        device: what the cell computes on.
        environment: the environment's name. Where nothing runs there is none: only ``*`` matches it.

    Raises:
        ValueError: a glob that can match no cell.
    """

    model: str = EVERY
    consumer: str = EVERY
    weights: str = EVERY
    device: str = EVERY
    environment: str = EVERY

    def __post_init__(self) -> None:
        for field in ("model", "consumer", "environment"):
            if not getattr(self, field):
                raise ValueError(f"{field}: is empty; leave it out to match everything")
        _refuse_unless_one_of("weights", self.weights, WeightsFormat)
        _refuse_unless_one_of("device", self.device, Device)

    def matches(self, cell: Cell) -> bool:
        """Whether the entry is about this cell."""
        weights = cell.weights_format.value if cell.weights_format else ""
        environment = cell.environment.name if cell.environment else ""
        return (
            (fnmatchcase(cell.model.id, self.model) or fnmatchcase(cell.model.source, self.model))
            and fnmatchcase(cell.consumer.name, self.consumer)
            and fnmatchcase(weights, self.weights)
            and fnmatchcase(cell.device.value, self.device)
            and fnmatchcase(environment, self.environment)
        )

    @property
    def cells(self) -> str:
        """Which cells, in words: "weights tensorflow_*, device cuda"."""
        globs = ((field, getattr(self, field)) for field in Match.__struct_fields__)
        return ", ".join(f"{field} {glob}" for field, glob in globs if glob != EVERY) or "every cell"


def _refuse_unless_one_of(field: str, glob: str, words: type[Enum]) -> None:
    """The vocabulary is known, so a glob that matches none of it is a slip that would never show."""
    known = [word.value for word in words]
    if not any(fnmatchcase(word, glob) for word in known):
        raise ValueError(f"{field}: {glob!r} matches none; known: {', '.join(known)}")
