"""``plan.json``: every cell that a run owes a record, and every one that was left out with the reason."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated

import msgspec

from harness import jsonio
from harness.cell import Cell, Depth, EnvironmentRef
from harness.errors import ConfigurationError
from harness.limits import LONGEST_SECONDS
from harness.policy import Level, Policy
from harness.verdict import Blame, Reason, Status, Verdict

SCHEMA = 1
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=LONGEST_SECONDS)]  # a plan may come from a stranger


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that was known before anything was built or run.

    Attributes:
        reason: a slug; empty for a cell that has passed, by what is known of its metadata.
        status: where it is not the reason's own.
    """

    reason: str = ""
    message: str = ""
    status: Status | None = None

    def __post_init__(self) -> None:
        if self.reason:
            Reason.from_slug(self.reason)

    @property
    def blame(self) -> Blame | None:
        """Who can act."""
        return self.verdict.blame

    @property
    def verdict(self) -> Verdict:
        """The whole answer."""
        if not self.reason:
            return Verdict(status=Status.PASSED, message=self.message)
        verdict = Verdict.because(Reason.from_slug(self.reason), self.message)
        return msgspec.structs.replace(verdict, status=self.status or verdict.status)


class PlannedCell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cell that a run owes a record.

    Attributes:
        why: says in words what put it into the plan.
        level: what the cell is to the gate unless a rule of the policy matches.
        policy: what the policy says of this cell alone, part of its key.
        notes: what of the author's declaration was changed for the environment.
        seconds: of wall time that it is expected to take; 0 if nothing runs, or nobody has estimated it.
        setup_seconds: what it is expected to take to build its environment, likewise.
        recorded: whether the ledger beside the plan has a conclusive record of it, so that nothing need run.
    """

    key: str
    cell: Cell
    depth: Depth
    why: str
    level: Level = Level.REQUIRED
    settled: Settled | None = None
    policy: str = ""
    notes: tuple[str, ...] = ()
    seconds: _Seconds = 0.0
    setup_seconds: _Seconds = 0.0
    recorded: bool = False


LARGEST_BYTES = 512 * 1024**2
"""Of a plan.json that one job hands to others, who read it into memory."""


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

    @property
    def environments(self) -> frozenset[EnvironmentRef]:
        """The environments that something is to run in."""
        return frozenset(
            entry.cell.environment for entry in self.cells if entry.cell.environment and not entry.settled
        )

    @property
    def levels(self) -> dict[str, Level]:
        """By key, what cells are to the gate where no rule of the policy matches."""
        return {entry.key: entry.level for entry in self.cells}

    @property
    def comparable(self) -> frozenset[str]:
        """The keys of the cells whose outputs others are held against.

        Those of cells as described are not among them: an old environment says nothing about other weights.
        """
        return frozenset(entry.key for entry in self.cells if not _as_described(entry))

    @property
    def described_in(self) -> dict[str, str]:
        """For the key of each cell that also runs as described: the name of that environment."""
        described = {_beside(entry): entry for entry in self.cells if _as_described(entry)}
        return {
            entry.key: described[_beside(entry)].cell.environment.name  # type: ignore[union-attr]
            for entry in self.cells
            if _beside(entry) in described and not _as_described(entry)
        }


def _as_described(entry: PlannedCell) -> bool:
    environment = entry.cell.environment
    return environment is not None and environment.as_described


def _beside(entry: PlannedCell) -> Cell:
    """The cell without its environment."""
    return msgspec.structs.replace(entry.cell, environment=None)


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
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    return decode_plan(data, origin=str(path))


def decode_plan(data: bytes, *, origin: str) -> Plan:
    """The plan in JSON; raises as above, and names ``origin``."""
    schema = jsonio.loads(data, _Schema, origin=origin).schema
    if schema != SCHEMA:
        raise ConfigurationError(
            f"{origin}: field schema: is {schema}, this harness reads {SCHEMA}; make the plan again"
        )
    return jsonio.loads(data, Plan, origin=origin)
