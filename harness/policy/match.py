"""What an entry of the policy is about."""

from __future__ import annotations

from enum import Enum
from fnmatch import fnmatchcase

import msgspec

from harness.cell import Cell, Device, ModelRef, WeightsFormat

EVERY = "*"


class OfWeights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Globs for weights of models, all of which have to match; what is not stated matches everything.

    Attributes:
        model: the model's id, or else its source.
        weights: a weights format. A model that cannot be read has none: only ``*`` matches it.

    Raises:
        ValueError: a glob that can match nothing.
    """

    model: str = EVERY
    weights: str = EVERY

    def __post_init__(self) -> None:
        _refuse_empty("model", self.model)
        _refuse_unless_one_of("weights", self.weights, WeightsFormat)

    def covers(self, model: ModelRef, weights: WeightsFormat | None) -> bool:
        """Whether the entry is about these weights of this model."""
        return (fnmatchcase(model.id, self.model) or fnmatchcase(model.source, self.model)) and fnmatchcase(
            weights.value if weights else "", self.weights
        )

    @property
    def of_certain_models(self) -> bool:
        """Whether it is not about every model."""
        return self.model.strip(EVERY) != ""

    @property
    def is_about_names(self) -> bool:
        """Whether it is about models by what they are called, not about all, or all in a folder."""
        return self.of_certain_models and not self.model.endswith("/*")


class Match(OfWeights, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Globs for cells, all of which have to match; what is not stated matches every cell.

    Attributes:
        consumer: the tool's name.
        device: what the cell computes on.
        environment: the environment's name. Where nothing runs there is none: only ``*`` matches it.

    Raises:
        ValueError: a glob that can match no cell.
    """

    consumer: str = EVERY
    device: str = EVERY
    environment: str = EVERY

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_empty("consumer", self.consumer)
        _refuse_empty("environment", self.environment)
        _refuse_unless_one_of("device", self.device, Device)

    def matches(self, cell: Cell) -> bool:
        """Whether the entry is about this cell."""
        environment = cell.environment.name if cell.environment else ""
        return (
            self.covers(cell.model, cell.weights_format)
            and fnmatchcase(cell.consumer.name, self.consumer)
            and fnmatchcase(cell.device.value, self.device)
            and fnmatchcase(environment, self.environment)
        )

    @property
    def cells(self) -> str:
        """Which cells, in words: "weights tensorflow_*, device cuda"."""
        globs = ((field, getattr(self, field)) for field in Match.__struct_fields__)
        return ", ".join(f"{field} {glob}" for field, glob in globs if glob != EVERY) or "every cell"


def refuse_blank(field: str, text: str) -> None:
    """Raise ValueError for a text that says nothing."""
    if not text.strip():
        raise ValueError(f"{field}: is empty")


def _refuse_empty(field: str, glob: str) -> None:
    if not glob:
        raise ValueError(f"{field}: is empty; leave it out to match everything")


def _refuse_unless_one_of(field: str, glob: str, words: type[Enum]) -> None:
    """The vocabulary is known, so a glob that matches none of it is a slip that would never show."""
    known = [word.value for word in words]
    if not any(fnmatchcase(word, glob) for word in known):
        raise ValueError(f"{field}: {glob!r} matches none; known: {', '.join(known)}")
