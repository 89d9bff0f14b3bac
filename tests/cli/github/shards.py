"""A plan, and the folders that the jobs of its shards hand over."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from harness import jsonio
from harness.ledger.record import Artifact, Record
from harness.ledger.store import LedgerWriter
from harness.plan.plan import Plan
from harness.plan.shard import shard
from tests.cli.planned import planned
from tests.reports.factories import small_picture

PLANNED_AT = "2026-01-01T00:00:00.000Z"


def write_plan(folder: Path, *outcomes: Record) -> str:
    """``plan.json`` with the cells of these records; returns its digest."""
    plan = Plan(
        collection="collection",
        created_at=PLANNED_AT,
        harness="0",
        sources=tuple(outcome.model.source for outcome in outcomes),
        cells=tuple(map(planned, outcomes)),
    )
    jsonio.write(folder / "plan.json", plan)
    return hashlib.sha256((folder / "plan.json").read_bytes()).hexdigest()


def hand_over(folder: Path, count: int, *outcomes: Record) -> list[Path]:
    """The folders of honest jobs that ran the cells of these records."""
    by_key = {outcome.key: outcome for outcome in outcomes}
    cells = [planned(outcome) for outcome in outcomes]
    folders = []
    for index in range(1, count + 1):
        mine = folder / f"shard-{index}-of-{count}"
        mine.mkdir(parents=True, exist_ok=True)
        folders.append(mine)
        append(mine, *(by_key[cell.key] for cell in shard(cells, index, count)))
    return folders


def append(folder: Path, *records: Record, run: str = "20260101T000001-abcdef") -> Path:
    """Write into the ledger of a shard, as a harness or as whoever got out of the sandbox; the segment."""
    writer = LedgerWriter(folder / "ledger", run)
    for record in records:
        writer.append(record)
    return writer.path


def keep(folder: Path, data: bytes | None = None, *, kind: str = "picture", suffix: str = ".png") -> Artifact:
    """Store evidence under its digest, as a run does."""
    data = small_picture() if data is None else data
    path = f"{kind}s/{hashlib.sha256(data).hexdigest()[:32]}{suffix}"
    jsonio.write_bytes(folder / "artifacts" / path, data)
    return Artifact(kind=kind, path=path, bytes=len(data), title="what it is")


def naming(record: Record, *artifacts: Artifact) -> Record:
    """The record with these files."""
    return msgspec.structs.replace(record, artifacts=artifacts)
