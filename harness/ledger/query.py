"""Questions that views ask of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from harness.cell import AS_DESCRIBED, Cell, ModelRef
from harness.ledger.record import Record

Slot = tuple[str, ...]


def slot_of(cell: Cell | Record) -> Slot:
    """The place of a cell in a view: the same for the same question asked of changed files."""
    environment = cell.environment
    return (
        cell.model.id,
        cell.model.version,
        cell.weights_format.value if cell.weights_format else f"unreadable {cell.model.source}",
        cell.consumer.name,
        cell.consumer.version,
        f"{AS_DESCRIBED if environment.as_described else environment.name} {environment.backend.value}"
        if environment
        else "",
        cell.device.value,
    )


class Held(NamedTuple):
    """What a run needs to know of a ledger: the record of each key (``newest_by_key``), and the last time."""

    by_key: dict[str, Record]
    last_at: str


def held(records: Iterable[Record]) -> Held:
    """Read a ledger once, without keeping what is superseded."""
    last_at = ""

    def noted() -> Iterator[Record]:
        nonlocal last_at
        for record in records:
            last_at = max(last_at, record.started_at)
            yield record

    by_key = newest_by_key(noted())
    return Held(by_key, last_at)


def conclusive_by_key(records: Iterable[Record]) -> dict[str, Record]:
    """The newest conclusive record of each key: what need not be run again."""
    return {key: record for key, record in newest_by_key(records).items() if record.status.conclusive}


def newest_by_key(records: Iterable[Record]) -> dict[str, Record]:
    """For each key the newest conclusive record, else the newest."""
    newest: dict[str, Record] = {}
    for record in records:
        held = newest.get(record.key)
        if held is None or _worth(record) >= _worth(held):
            newest[record.key] = record
    return newest


def _worth(record: Record) -> tuple[bool, str]:
    return record.status.conclusive, record.started_at


class Seen(Protocol):
    """What a survey (:mod:`harness.ledger.survey`) tells."""

    @property
    def collection(self) -> str:
        """The collection that was looked at."""

    @property
    def at(self) -> str:
        """When, UTC."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The models that it held."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The cells that were asked for."""


def current(records: Iterable[Record], surveys: Iterable[Seen] = ()) -> list[Record]:
    """One record for each cell: the newest conclusive one of the key asked for last, else its newest.

    Records about files of a model that have changed since are history and left out, so that no page shows a
    verdict about something that is no longer there; so is that a model could not be read, once it can be, and
    all of a model that its collection no longer holds. That the last attempt to read a model told nothing (a
    download failed) stands beside what is known of it.
    """
    surveyed = sorted(surveys, key=lambda survey: survey.at)
    seen = {key: survey.at for survey in surveyed for key in survey.keys}
    held = {survey.collection: survey for survey in surveyed}

    def asked(record: Record) -> str:
        return max(record.started_at, seen.get(record.key, ""))

    def gone(record: Record) -> bool:
        survey = held.get(record.collection)
        return survey is not None and survey.at > asked(record) and record.model.source not in survey.sources

    ordered = sorted((record for record in records if not gone(record)), key=asked)
    by_key = newest_by_key(ordered)
    last_at = {record.model.source: record for record in ordered}
    known_at = {record.model.source: _state(record) for record in ordered if not _told_nothing(record)}
    latest = {
        slot_of(record): record.key
        for record in ordered
        if known_at.get(record.model.source) == _state(record) or last_at[record.model.source] is record
    }
    return [by_key[key] for _, key in sorted(latest.items())]


def _state(record: Record) -> tuple[ModelRef, bool]:
    """What was found at a source, and whether it could be read."""
    return record.model, record.weights_format is not None


def _told_nothing(record: Record) -> bool:
    return record.weights_format is None and not record.status.conclusive
