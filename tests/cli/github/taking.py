"""What honest and dishonest jobs hand over, and what was taken of it into the folder ``out``."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from harness.cell import ModelRef
from harness.cli import run_command_line
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.verdict import Reason
from tests.cli.planned import outcome_of

GOOD, BETTER, RED = outcome_of("good"), outcome_of("better"), outcome_of("red", Reason.VALUES_DIFFER)
ALL = (GOOD, BETTER, RED)
FORGED = msgspec.structs.replace(GOOD, key="never planned", model=ModelRef(id="evil", source="evil"))


def take(*folders: Path, options: tuple[str, ...] = ()) -> int:
    """Take into the folder ``out``."""
    return run_command_line(["github", "take", "plan", *map(str, folders), "--output", "out", *options])


def gate() -> int:
    """The decision about what was taken."""
    return run_command_line(["gate", "--output", "out"])


def taken() -> dict[str, Record]:
    """The records that were taken, by key."""
    return {record.key: record for record in read_records(Path("out/ledger"))}


def refused() -> list[str]:
    """The sentences."""
    sentences: list[str] = json.loads(Path("out/refused.json").read_bytes())
    assert all(sentence.isprintable() and len(sentence) <= 300 for sentence in sentences)
    return sentences


def files(folder: Path) -> dict[str, bytes]:
    """Every file below."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
