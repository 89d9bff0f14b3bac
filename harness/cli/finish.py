"""What every run ends with: the site is rebuilt, the summary printed, the decision returned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from harness import labels
from harness.cli.progress import QuietConsole, one_line
from harness.errors import ExitCode
from harness.ledger.gate import decide
from harness.ledger.query import current, newest_by_key
from harness.ledger.record import Record
from harness.ledger.store import read_records
from harness.ledger.survey import Survey, read_surveys, write_if_needed
from harness.plan.plan import PlannedCell
from harness.verdict import Status


def finish(
    cells: Sequence[PlannedCell], output: Path, *, run: str, ran: int, survey: Survey, site_url: str
) -> ExitCode:
    """Rebuild the site below ``output``, print the summary, return the exit code."""
    records = list(read_records(output / "ledger"))
    write_if_needed(output / "ledger", survey, records, run=run)
    index = rebuild(output, records, site_url=site_url)
    console = QuietConsole(highlight=False, soft_wrap=True)
    held = newest_by_key(records)
    mine = [held[cell.key] for cell in cells if cell.key in held]
    for status in (Status.FAILED, Status.INCONCLUSIVE):
        for record in mine:
            if record.status is status:
                _explain(record, console)
    decision = decide([cell.key for cell in cells], records)
    counts = ", ".join(
        f"{count} {labels.STATUS[status].label}" for status, count in decision.counts.items() if count
    )
    unchanged = len(mine) - ran
    console.print(
        f"{len(cells)} cell{'s' * (len(cells) != 1)} ({ran} run now, {unchanged} unchanged): {counts}",
        markup=False,
    )
    console.print(f"{decision.sentence}; report: {index}", markup=False)
    return decision.exit_code


def rebuild(output: Path, records: Iterable[Record], *, site_url: str) -> Path:
    """Write the site from all records of the ledger; returns its first page."""
    from harness.execute import origin
    from harness.reports.site import write_site

    write_site(
        current(records, read_surveys(output / "ledger")),
        output / "site",
        artifacts=output / "artifacts",
        generated_at=origin.now(),
        site_url=site_url,
    )
    return output / "site" / "index.html"


def _explain(record: Record, console: Console) -> None:
    """A cell that needs attention: what, why, and what to do."""
    console.print(one_line(record), markup=False)
    for line in record.message.splitlines()[:3]:
        console.print(f"    {line}", markup=False)
    console.print(f"    what to do: {record.hint}", markup=False)
