"""``plan.json``: every cell that a run owes a record, and every one that was left out with the reason."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from harness import jsonio
from harness.cell import Cell, Depth
from harness.errors import ConfigurationError
from harness.policy import Policy
from harness.verdict import Blame, Reason

SCHEMA = 1


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that was known before anything was built or run; ``reason`` is a slug."""

    reason: str
    message: str

    def __post_init__(self) -> None:
        Reason.from_slug(self.reason)

    @property
    def blame(self) -> Blame:
        """Who can act."""
        return Reason.from_slug(self.reason).blame


class PlannedCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell that a run owes a record.

    Attributes:
        why: says in words what put it into the plan.
        policy: what the policy says of this cell alone, part of its key.
    """

    key: str
    cell: Cell
    depth: Depth
    why: str
    settled: Settled | None = None
    policy: str = ""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader may expect in the plan but does not find, and why."""

    what: str
    why: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a run. ``collection`` is as it was given; models are found there again by their source.

    ``sources`` are all models of the collection, also those that were not selected. ``settings`` is what
    every cell's key covers beside the cell.
    """

    schema: int = SCHEMA
    collection: str
    created_at: str
    harness: str
    sources: tuple[str, ...]
    cells: tuple[PlannedCell, ...]
    left_out: tuple[LeftOut, ...] = ()
    settings: dict[str, str] = {}

    def is_decided_by(self, policy: Policy) -> bool:
        """Whether the keys of all cells are those that they have with this policy."""
        return policy.decided(self.settings) and all(
            entry.settled is not None or entry.policy == policy.deciding_for(entry.cell)
            for entry in self.cells
        )


class _Schema(msgspec.Struct):
    schema: int


def collection_name(collection: str) -> str:
    """What records call a collection: a URL as it is, a folder by its name and a digest of its place.

    Records are published: they name no folder of a machine.
    """
    if collection.startswith(("http://", "https://")):
        return collection
    path = Path(collection).resolve()
    return f"{path.name} ({hashlib.sha256(os.fsencode(path)).hexdigest()[:8]})"


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        ConfigurationError: it is no plan, or of a schema that this harness does not know.
    """
    schema = jsonio.read(path, _Schema).schema
    if schema != SCHEMA:
        raise ConfigurationError(
            f"{path}: field schema: is {schema}, this harness reads {SCHEMA}; make the plan again"
        )
    return jsonio.read(path, Plan)
