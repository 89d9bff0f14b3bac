"""What became of planned cells since the published ledger (pure): the words of messages are made from it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum

import msgspec

from harness.cell import AS_DESCRIBED, Cell, EnvironmentRef
from harness.ledger.query import newest_by_key, slot_of
from harness.ledger.record import Record
from harness.verdict import Status


class Kind(str, Enum):
    """What became of a cell.

    Not applicable is neither red nor green: a tool that never took a model has nothing to lose.
    """

    REGRESSED = "regressed"  # passed, now failed
    FIXED = "fixed"  # failed, now passed
    NEW = "new"  # passed or failed now; there was no answer, or it was not applicable
    SAME_RED = "same red"  # failed before and now, maybe for another reason
    SAME_GREEN = "same green"  # passed before and now, or not applicable and was never anything else
    NOT_APPLICABLE_ANY_MORE = "not applicable any more"  # passed or failed, now not applicable
    NO_VERDICT = "no verdict"  # inconclusive, or there is no record
    GONE = "gone"  # had a record, and nothing asks for it any more


class CellDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one cell.

    Attributes:
        kind: see :class:`Kind`.
        key: of the planned cell; of the published record if the cell is gone.
        cell: the same: planned, or published if it is gone.
        before: the published record that it is held against. It may be of other files, of another version
            of model, tool or environment, or, if the model could not be read before or cannot be read now,
            of the model as such. None if there is none; may be inconclusive if the kind is new.
        now: the record of the planned cell; None if it has none or is gone. May be inconclusive.
    """

    kind: Kind
    key: str
    cell: Cell
    before: Record | None
    now: Record | None

    @property
    def other_reason(self) -> bool:
        """Whether it is as red as before, but for another reason."""
        return (
            self.kind is Kind.SAME_RED
            and self.before is not None
            and self.now is not None
            and self.before.reason != self.now.reason
        )


def differences(
    planned: Mapping[str, Cell],
    records: Iterable[Record],
    published: Iterable[Record],
    *,
    whole: Collection[str] = (),
) -> tuple[CellDifference, ...]:
    """What became of each planned cell, in the order of the plan, and then what is gone.

    Args:
        planned: the cells by key.
        records: all records of these cells; of several for one key, the newest conclusive one counts.
        published: one record for each cell, as ``harness.ledger.query.current`` gives them.
        whole: sources of the models whose every cell was planned, or that were deleted: a published cell of
            one of them that nothing is held against is gone. Of other models nothing is.
    """
    held = newest_by_key(record for record in records if record.key in planned)
    before = _Published(published)
    found = []
    for key, cell in planned.items():
        was, now = before.of(key, cell), held.get(key)
        found.append(CellDifference(kind=_kind(was, now), key=key, cell=cell, before=was, now=now))
    unreadable = {cell.model.id for cell in planned.values() if cell.weights_format is None}
    used = {each.before.key for each in found if each.before is not None}
    gone = (
        CellDifference(kind=Kind.GONE, key=record.key, cell=record.cell, before=record, now=None)
        for record in before.records
        if record.model.source in whole and record.key not in used and record.model.id not in unreadable
    )
    return (*found, *gone)


def _kind(before: Record | None, now: Record | None) -> Kind:
    if now is None or now.status is Status.INCONCLUSIVE:
        return Kind.NO_VERDICT
    was = None if before is None or before.status is Status.INCONCLUSIVE else before.status
    return _KINDS[was, now.status]


_KINDS = {
    (None, Status.PASSED): Kind.NEW,
    (None, Status.FAILED): Kind.NEW,
    (None, Status.NOT_APPLICABLE): Kind.SAME_GREEN,
    (Status.NOT_APPLICABLE, Status.PASSED): Kind.NEW,
    (Status.NOT_APPLICABLE, Status.FAILED): Kind.NEW,
    (Status.NOT_APPLICABLE, Status.NOT_APPLICABLE): Kind.SAME_GREEN,
    (Status.PASSED, Status.PASSED): Kind.SAME_GREEN,
    (Status.PASSED, Status.FAILED): Kind.REGRESSED,
    (Status.PASSED, Status.NOT_APPLICABLE): Kind.NOT_APPLICABLE_ANY_MORE,
    (Status.FAILED, Status.PASSED): Kind.FIXED,
    (Status.FAILED, Status.FAILED): Kind.SAME_RED,
    (Status.FAILED, Status.NOT_APPLICABLE): Kind.NOT_APPLICABLE_ANY_MORE,
}

_Question = tuple[str, ...]


class _Published:
    """The published records, found by how much a cell has in common with them."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = sorted(records, key=lambda record: (record.started_at, record.key))
        self._by_key = {record.key: record for record in self.records}
        self._by_slot = _grouped(self.records, slot_of)
        self._by_question = _grouped(self.records, _question)
        self._by_model = _grouped(self.records, lambda record: (record.model.id,))

    def of(self, key: str, cell: Cell) -> Record | None:
        """What the cell is held against: the most alike that there is."""
        if key in self._by_key:
            return self._by_key[key]
        if same := self._by_slot.get(slot_of(cell)):
            return same[-1]
        if alike := self._by_question.get(_question(cell)):
            return _nearest(cell, alike)
        of_model = self._by_model.get((cell.model.id,), [])
        if cell.weights_format is None:  # that cannot be read: all that it could do is lost
            return next((record for record in of_model if record.status is Status.PASSED), None) or next(
                iter(of_model), None
            )
        return next((record for record in reversed(of_model) if record.weights_format is None), None)


def _grouped(
    records: Iterable[Record], by: Callable[[Record], _Question]
) -> Mapping[_Question, Sequence[Record]]:
    groups: defaultdict[_Question, list[Record]] = defaultdict(list)
    for record in records:
        groups[by(record)].append(record)
    return groups


def _question(cell: Cell | Record) -> _Question:
    """What is asked, whatever the versions of model, tool and environment."""
    return (
        cell.model.id,
        cell.weights_format.value if cell.weights_format else "",
        cell.consumer.name,
        _family(cell.environment),
        cell.device.value,
    )


def _family(environment: EnvironmentRef | None) -> str:
    """An environment without its version: of ``onnx-1.31.1`` made by conda, ``onnx conda``."""
    if environment is None:
        return ""
    name = AS_DESCRIBED if environment.as_described else re.sub(r"-\d[\w.]*$", "", environment.name)
    return f"{name} {environment.backend.value}"


def _nearest(cell: Cell, alike: Sequence[Record]) -> Record:
    """Of records that differ by versions: the newest that is not above the cell's, else the lowest."""
    ordered = sorted(alike, key=_versions)
    return next((record for record in reversed(ordered) if _versions(record) <= _versions(cell)), ordered[0])


def _versions(cell: Cell | Record) -> tuple[tuple[int, ...], ...]:
    environment = cell.environment.name if cell.environment and not cell.environment.as_described else ""
    return tuple(tuple(_numbers(text)) for text in (cell.consumer.version, environment, cell.model.version))


def _numbers(version: str) -> Iterator[int]:
    return (int(digits[:9]) for digits in re.findall(r"[0-9]+", version))
