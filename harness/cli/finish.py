"""What every run ends with: the site is rebuilt, the summary printed, the decision returned."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from harness import labels
from harness.cli.progress import QuietConsole, one_line
from harness.errors import ExitCode
from harness.ledger.gate import CellDecision, Decision, Effect, decide
from harness.ledger.query import current, newest_by_key
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.ledger.survey import Survey, read_surveys, write_if_needed
from harness.plan.plan import PlannedCell
from harness.policy import DEFAULT, Policy
from harness.reports.published import is_made_from
from harness.reports.source import source_digest
from harness.verdict import Reason, Status

_LINES = 5
_WIDTH = 400
_OF_TOOLS = (Reason.TOOL_UNUSABLE.slug, Reason.TOOL_VERSION_UNTESTED.slug)
_EXCEPTIONS = (Effect.WAIVED, Effect.COUNTED, Effect.IGNORED)  # the policy made them harmless


def finish(
    cells: Sequence[PlannedCell],
    output: Path,
    *,
    run: str,
    ran: int,
    survey: Survey,
    site_url: str,
    policy: Policy = DEFAULT,
    gate_later: bool = False,
) -> ExitCode:
    """Rebuild the site below ``output`` if it would change, print the summary, return the exit code.

    Args:
        gate_later: whether what failed is left to a gate that comes later.
    """
    records = list(read_records(output / "ledger"))
    write_if_needed(output / "ledger", survey, records, run=run)
    index = output / "site" / "index.html"
    if not is_made_from(output / "site", source_digest(output, site_url=site_url)):
        index = rebuild(output, records, site_url=site_url)
    console = QuietConsole(highlight=False)
    planned = {entry.key: entry.cell for entry in cells}
    held = newest_by_key(record for record in records if record.key in planned)
    decision = decide(
        planned,
        held.values(),
        policy,
        today=today(),
        levels={entry.key: entry.level for entry in cells},
    )
    for status in (Status.FAILED, Status.INCONCLUSIVE):
        for first, *others in alike([d for d in decision.cells if d.status is status], held):
            explain(held[first.key], first, console, output)
            explain_others(others, console)
    counts = ", ".join(
        f"{count} {labels.STATUS[status].label}" for status, count in decision.counts.items() if count
    )
    console.out(
        f"{len(cells)} cell{'s' * (len(cells) != 1)} ({ran} run now, {len(held) - ran} unchanged): {counts}"
    )
    print_notes(decision, console)
    console.out(f"{decision.sentence}; report: {index}")
    if gate_later and decision.exit_code != decision.without_red:
        console.out("what failed is for the gate to decide on (--gate-later)")
    return decision.without_red if gate_later else decision.exit_code


def rebuild(output: Path, records: Iterable[Record], *, site_url: str) -> Path:
    """Write the site from all records of the ledger; returns its first page."""
    from harness.execute.clock import now
    from harness.reports.site import write_site

    made_from = source_digest(output, site_url=site_url)  # before: what comes later is not shown
    write_site(
        current(records, read_surveys(output / "ledger")),
        output / "site",
        artifacts=output / "artifacts",
        generated_at=now(),
        site_url=site_url,
        made_from=made_from,
    )
    return output / "site" / "index.html"


def today() -> datetime.date:
    """The date in UTC, by which waivers expire."""
    from harness.execute.clock import now

    return datetime.date.fromisoformat(now()[:10])


def alike(cells: Iterable[CellDecision], held: Mapping[str, Record]) -> list[list[CellDecision]]:
    """The cells one by one, but together what is no cell's own trouble, but that of its tool."""
    groups: dict[object, list[CellDecision]] = {}
    for decided in cells:
        record = held.get(decided.key)
        of_tool = record is not None and record.reason in _OF_TOOLS
        what = (decided.cell.consumer, decided.cell.environment, decided.reason, decided.rule)
        groups.setdefault(what if of_tool else decided.key, []).append(decided)
    return list(groups.values())


def explain_others(others: Sequence[CellDecision], console: Console) -> None:
    """How many more cells are as the one that was explained."""
    if others:
        console.out(f"    so it is with {len(others)} more cell{'s' * (len(others) != 1)} of this tool")


def explain(record: Record, decided: CellDecision | None, console: Console, output: Path) -> None:
    """A red or inconclusive cell: what, why, who can act, what to do, and what the policy made of it."""
    assert record.blame is not None, "only what did not pass needs attention"  # noqa: S101
    lines = [f"    {line}" for line in in_short(record.message)]
    if lines:
        lines[0] = f"    why: {lines[0].strip()}"
    lines += [f"    who can act: {labels.BLAME[record.blame]}", f"    what to do: {record.hint}"]
    logs = (output / "artifacts" / artifact.path for artifact in record.artifacts if artifact.kind == "log")
    lines += [f"    log: {log}" for log in logs if log.is_file()]
    again = shlex.join(["harness", "reproduce", record.key[:12], "--output", str(output)])
    lines.append(f"    run it again: {again}")
    if decided is not None and decided.effect in _EXCEPTIONS:
        lines.append(f"    does not block: {decided.rule}")
    console.out("\n".join([one_line(record), *lines]))


def in_short(message: str) -> list[str]:
    """The lines of a message; a long one without its middle: what happened comes first, where it did last."""
    lines = message.splitlines()
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 2], "…", lines[-1]]
    half = _WIDTH // 2
    return [line if len(line) <= _WIDTH else f"{line[:half]} … {line[-half:]}" for line in lines]


def print_notes(decision: Decision, console: Console) -> None:
    """What should be changed in the policy."""
    for note in decision.notes:
        console.out(f"policy: {note}")
