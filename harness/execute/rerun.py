"""Which cells need a record (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from harness.execute.whose import WHOSE
from harness.ledger.query import conclusive_by_key
from harness.ledger.record import Record
from harness.limits import Limits
from harness.plan.plan import PlannedCell
from harness.verdict import Reason, Status


class Rerun(str, Enum):
    """Which cells run although the ledger has a record of them."""

    ALL = "all"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


def to_run(
    cells: Iterable[PlannedCell],
    records: Iterable[Record],
    rerun: Rerun,
    *,
    limits_of: Callable[[PlannedCell], Limits],
) -> list[PlannedCell]:
    """The cells that need a record: those without a conclusive one, and those that ``rerun`` names.

    A cell that hit a limit runs again when it may use more than then (``limits_of`` the cell).
    """
    known = conclusive_by_key(records)
    again: Mapping[Rerun, set[Status]] = {
        Rerun.ALL: set(Status),
        Rerun.FAILED: {Status.FAILED},
        Rerun.INCONCLUSIVE: set(),
    }

    def settled(cell: PlannedCell) -> bool:
        record = known.get(cell.key)
        if record is None or record.status in again[rerun]:
            return False
        return record.reason not in _OF_LIMITS or not _allows_more(limits_of(cell), record)

    cells = list(cells)
    unsettled = {cell.key for cell in cells if not settled(cell)}
    models = {cell.cell.model.source for cell in cells if cell.key in unsettled}

    def disagrees(cell: PlannedCell) -> bool:
        """Whether its verdict hangs on another cell of its model, which has changed."""
        record = known.get(cell.key)
        return (
            record is not None
            and (record.reason in _OF_SIBLINGS or WHOSE.hangs_on_reference(record))
            and cell.cell.model.source in models
        )

    return [cell for cell in cells if cell.key in unsettled or disagrees(cell)]


_OF_LIMITS = {
    reason.slug for reason in (Reason.TIMED_OUT, Reason.MEMORY_LIMIT, Reason.PROCESS_LIMIT, Reason.DISK_LIMIT)
}
_OF_SIBLINGS = {reason.slug for reason in (Reason.FORMATS_DISAGREE, Reason.DEVICES_DISAGREE)}


def _allows_more(limits: Limits, record: Record) -> bool:
    return any(value > record.limits.get(name, 0.0) for name, value in limits.stated().items())
