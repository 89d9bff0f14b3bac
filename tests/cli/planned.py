"""A plan with its ledger, as a run leaves them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness import jsonio, labels
from harness.ledger.record import Record
from harness.ledger.store import LedgerWriter
from harness.plan.plan import Plan, PlannedCell
from harness.verdict import Reason
from tests.ledger.records import PLAIN, record


def outcome_of(model: str, reason: Reason | None = None) -> Record:
    """The record of a model's one cell."""
    ref = msgspec.structs.replace(PLAIN.model, id=model, source=model)
    told = {"message": f"{model}: what happened", "hint": labels.REASON[reason].hint} if reason else {}
    return record(reason, key=model, model=ref, **told)


def planned(outcome: Record) -> PlannedCell:
    """The cell that the record is about."""
    return PlannedCell(key=outcome.key, cell=outcome.cell, depth=outcome.depth, why="")


def write_plan(output: Path, *outcomes: Record, settings: dict[str, str] | None = None) -> None:
    """``plan.json`` of a collection in ``output/models``."""
    plan = Plan(
        collection=str(output / "models"),
        created_at="",
        harness="0",
        sources=tuple(outcome.model.source for outcome in outcomes),
        cells=tuple(planned(outcome) for outcome in outcomes),
        settings=settings or {},
    )
    jsonio.write(output / "plan.json", plan)


def write_ledger(output: Path, *outcomes: Record) -> None:
    """The ledger of one run."""
    writer = LedgerWriter(output / "ledger", "run")
    for outcome in outcomes:
        writer.append(outcome)


def write_policy(output: Path, text: str) -> Path:
    """The policy of the collection."""
    path = output / "models" / "policy.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"schema = 1\n{text}")
    return path
