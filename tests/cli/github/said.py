"""What is there when results were taken, and what is there when they were said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness import jsonio
from harness.change import Change
from harness.ledger.record import Record
from harness.ledger.store import LedgerWriter
from harness.plan.plan import read_plan
from tests.cli.github.conftest import PULL, SHA
from tests.cli.github.shards import write_plan
from tests.github.double import REPOSITORY, Double
from tests.github.double.state import BOT


def taken(folder: Path, *outcomes: Record, **changes: Any) -> Path:
    """The folder that ``harness github take`` leaves, for a change of the models ``a``."""
    fields: dict[str, Any] = {
        "event": "pull_request",
        "repository": REPOSITORY,
        "pull": PULL,
        "head_sha": SHA,
        "models": ("a",),
    }
    write_plan(folder, *outcomes)
    jsonio.write(folder / "change.json", Change(**(fields | changes)))
    writer = LedgerWriter(folder / "ledger", "20260101T000001-abcdef")
    for outcome in outcomes:
        writer.append(outcome)
    return folder


def forged(folder: Path, **fields: Any) -> Path:
    """The same with other fields of its plan."""
    plan = read_plan(folder / "plan.json")
    jsonio.write(folder / "plan.json", msgspec.structs.replace(plan, **fields))
    return folder


def comments(github: Double) -> list[str]:
    """What we have said on the pull request."""
    return [comment.body for comment in github.state.comments_of(PULL) if comment.author == BOT]


def state(github: Double, sha: str = SHA) -> str:
    """Of the status to require; empty without one."""
    status = github.state.newest_status(sha, "harness")
    return status.state if status else ""
