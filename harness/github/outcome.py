"""All that an answer is made of."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from harness.change import Change
from harness.github.message import Annotation
from harness.ledger.difference import CellDifference
from harness.ledger.difference import Kind as Moved
from harness.ledger.gate import Decision
from harness.ledger.record import Record


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of ours; an empty one is not linked."""

    run: str = ""
    site: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change.

    Attributes:
        records: of the planned cells, by key; only those that were taken.
        differences: against the published ledger; None without one.
        refused: what was not taken of what the jobs handed over, and why, a sentence each.
        too_many_files: how many files the pull request changes, if GitHub does not list all; else 0.
        beside: other open pull requests with the same head: one commit has one status for all of them.
        excused: folders of models that do not block only because the policy names models as these call
            themselves; the branch that the change goes to has no such model there.
        accepted_by: the maintainer who accepted what the change does to the tests; empty if nobody has.
        collection: the folder of models, relative to the root of the repository.
        annotations: faults on their lines.
    """

    change: Change
    decision: Decision
    records: Mapping[str, Record]
    differences: tuple[CellDifference, ...] | None = None
    refused: tuple[str, ...] = ()
    too_many_files: int = 0
    beside: tuple[int, ...] = ()
    excused: tuple[str, ...] = ()
    accepted_by: str = ""
    collection: str = "."
    links: Links = Links()
    annotations: tuple[Annotation, ...] = ()

    @property
    def to_review(self) -> bool:
        """Whether a maintainer has to look at it."""
        return bool(self.change.review or self.excused)

    @property
    def moved(self) -> dict[str, Moved]:
        """What became of planned cells, by key; of those that are gone see ``differences``."""
        return {each.key: each.kind for each in self.differences or () if each.kind is not Moved.GONE}
