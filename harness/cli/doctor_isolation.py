"""The part of ``harness doctor`` about isolation: every level is probed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

LEVELS = (
    "process",
    "sandbox",
    "container",
)  # as harness.execute.isolate.level, which --help must not wait for


class AttemptReport(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to get out.

    Attributes:
        name: short and lasting, for programs.
        words: what was tried to reach.
        escaped: None if it could not be tried.
        promised: whether the level promises to stop it.
        detail: how far it came.
    """

    name: str
    words: str
    escaped: bool | None
    promised: bool
    detail: str


class LevelReport(msgspec.Struct, frozen=True, kw_only=True):
    """One level of isolation.

    Attributes:
        holds: it can be had, and all that it promises to stop was stopped.
        says: what it is made of here; or why it cannot be had, or what got out.
        attempts: none if it cannot be had.
    """

    level: str
    holds: bool
    says: str
    attempts: tuple[AttemptReport, ...] = ()


def levels() -> tuple[LevelReport, ...]:
    """Every level as it can be had here, from the weakest to the strongest."""
    return tuple(map(_probe, LEVELS))


def holds(asked: str, found: Sequence[LevelReport]) -> bool:
    """Whether the level holds. The default is the strongest that does; there is always one."""
    return any(report.holds for report in found if asked in ("auto", report.level))


def show(found: Sequence[LevelReport], asked: str, console: Console) -> None:
    """A table with a row for each attempt and a column for each level, and a line for each level."""
    from rich.table import Table
    from rich.text import Text

    probed = [report for report in found if report.attempts]
    table = Table("a worker reaches", *(report.level for report in probed), box=None)
    by_level = [{attempt.name: attempt for attempt in report.attempts} for report in probed]
    names = dict.fromkeys(name for attempts in by_level for name in attempts)
    for name in names:
        row = [attempts.get(name) for attempts in by_level]
        words = next(attempt.words for attempt in row if attempt)
        table.add_row(words, *(_cell(attempt) for attempt in row))
    console.print()
    console.print(table)
    console.print()
    for report in found:
        state = "holds" if report.holds else "does not hold" if report.attempts else "cannot be had"
        mark = ("✓ ", "green") if report.holds else ("✗ ", "red") if report.level == asked else ("– ", "dim")
        console.print(Text.assemble(mark, f"isolation {report.level} {state}: {report.says}"))


def _cell(attempt: AttemptReport | None) -> Text:
    from rich.text import Text

    if attempt is None or attempt.escaped is None:
        return Text("not tried", "dim")
    if not attempt.escaped:
        return Text("no", "green")
    return Text("YES", "bold red") if attempt.promised else Text("yes", "yellow")


def _probe(name: str) -> LevelReport:
    from harness.errors import IsolationError
    from harness.execute.isolate.choose import tried
    from harness.execute.isolate.level import Level
    from harness.execute.isolate.probe import ATTEMPTS, PROMISED, escapes

    level = Level(name)
    try:
        confinement, attempts = tried(level)
    except IsolationError as error:
        return LevelReport(level=name, holds=False, says=str(error))
    got_out = escapes(attempts, level)
    return LevelReport(
        level=name,
        holds=not got_out,
        says="; ".join(f"{ATTEMPTS[a.name]}: {a.detail}" for a in got_out) or confinement.description,
        attempts=tuple(
            AttemptReport(
                name=attempt.name,
                words=ATTEMPTS[attempt.name],
                escaped=attempt.escaped,
                promised=attempt.name in PROMISED[level],
                detail=attempt.detail,
            )
            for attempt in attempts
        ),
    )
