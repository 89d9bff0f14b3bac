"""What one shard hands over: all of its records, or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.errors import RefusedError
from harness.ledger.foreign.files import list_files, open_file
from harness.ledger.foreign.records import Terms, read_line, shown
from harness.ledger.record import Record
from harness.ledger.store import is_json
from harness.plain_text import one_line

_MOST_SEGMENTS = 100
_LARGEST_SEGMENT = 256 * 1024**2
_LONGEST_LINE = 1024**2
MOST_REFUSED = 100  # nothing is taken then: more of them tell nobody more


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a plan: what it is called, the folder that its job handed over, and the keys of its cells."""

    name: str
    folder: Path
    keys: frozenset[str]


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """What a shard's ledger says, by key; nothing if any of it is refused, which is said in sentences."""

    records: dict[str, Record]
    refused: tuple[str, ...]


def read_shard(shard: Shard, terms: Terms) -> HandedOver:
    """Read the ledger of a shard; ``terms`` are about all cells of the plan."""
    records: dict[str, Record] = {}
    refused: list[str] = []
    twice: set[str] = set()
    try:
        for place, line in _lines(shard.folder):
            try:
                record = read_line(line, terms)
                if record.key not in shard.keys:
                    raise RefusedError(f"{shown(record)}: is a cell of another shard")
            except RefusedError as error:
                refused.append(one_line(f"{shard.name}: {place}: {error}"))
            else:
                if records.setdefault(record.key, record) != record and record.key not in twice:
                    twice.add(record.key)
                    what = f"{shown(record)}: has two different records"
                    refused.append(one_line(f"{shard.name}: {place}: {what}"))
            if len(refused) >= MOST_REFUSED:
                raise RefusedError("so much of it is refused that the rest was not read")
    except RefusedError as error:
        refused.append(one_line(f"{shard.name}: {error}"))
    if refused and records:
        refused.append(f"{shard.name}: so none of its {len(records):,} other records is believed")
    return HandedOver(records={} if refused else records, refused=tuple(refused))


def _lines(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The lines of a ledger and where they are. A last line that was cut short is passed over."""
    for name in list_files(folder, "ledger", suffix=".jsonl", most=_MOST_SEGMENTS):
        with open_file(folder, f"ledger/{name}", most=_LARGEST_SEGMENT) as stream:
            number = 0
            while line := stream.readline(_LONGEST_LINE + 1):
                number += 1
                place = f"{name}, line {number}"
                if len(line) > _LONGEST_LINE:
                    raise RefusedError(f"{place}: has more than {_LONGEST_LINE:,} bytes")
                if line.strip() and (line.endswith(b"\n") or is_json(line)):
                    yield place, line
