"""Counting verdicts. A count never takes "no verdict" for an answer (see the statuses in harness.verdict)."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeAlias

import msgspec

from harness.cell import ConsumerRef
from harness.ledger.record import Record
from harness.verdict import Status

_VERSION = re.compile(r"v?([0-9]{1,18}(?:\.[0-9]{1,18})*)(.*)", re.DOTALL)
_BEFORE_RELEASE = re.compile(r"[._-]?(dev|a|b|c|rc|alpha|beta|pre)")


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many things (models, tools) passed, of those that were answered.

    A thing is answered if at least one of its cells passed or failed; it passed if none of them failed.
    ``not_applicable`` counts the things of which every cell is not applicable.
    """

    passed: int = 0
    answered: int = 0
    not_applicable: int = 0


def tally(records: Iterable[Record], thing: Callable[[Record], Hashable]) -> Tally:
    """Count the things that the records are about."""
    statuses: dict[Hashable, set[Status]] = {}
    for record in records:
        statuses.setdefault(thing(record), set()).add(record.status)
    answered = [found for found in statuses.values() if found & {Status.PASSED, Status.FAILED}]
    return Tally(
        passed=sum(Status.FAILED not in found for found in answered),
        answered=len(answered),
        not_applicable=sum(found == {Status.NOT_APPLICABLE} for found in statuses.values()),
    )


def tally_models(records: Iterable[Record]) -> Tally:
    """Count models (one version of a model each)."""
    return tally(records, lambda record: (record.model.id, record.model.version))


def newest_versions(records: Sequence[Record]) -> list[Record]:
    """The records about the newest version of each consumer that the records know."""
    newest: dict[str, str] = {}
    for consumer in {record.consumer for record in records}:
        known = newest.setdefault(consumer.name, consumer.version)
        newest[consumer.name] = max(known, consumer.version, key=version_key)
    return [record for record in records if record.consumer.version == newest[record.consumer.name]]


VersionKey: TypeAlias = "tuple[bool, tuple[int, ...], int, str, str]"


def version_key(version: str) -> VersionKey:
    """Orders versions: 0.10 after 0.9, 1.0rc1 before 1.0, 1.0.post1 after it; other text comes first."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (False, (), 0, "", version)
    release = tuple(int(number) for number in match[1].split("."))
    rest = match[2]
    rank = 0 if not rest else -1 if _BEFORE_RELEASE.match(rest) else 1
    padded = re.sub(r"[0-9]+", lambda digits: digits[0].zfill(9), rest)
    return (True, release, rank, padded, version)


def consumer_order(consumer: ConsumerRef) -> tuple[str, str, VersionKey]:
    """Orders consumers by name, then from old to new."""
    return (consumer.name.casefold(), consumer.name, version_key(consumer.version))
