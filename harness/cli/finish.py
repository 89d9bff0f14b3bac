"""What every run ends with: the site is rebuilt, the summary printed, the decision returned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness import labels
from harness.cli.progress import one_line
from harness.ledger.gate import decide
from harness.ledger.query import current, newest_by_key
from harness.ledger.store import read_records
from harness.plan.plan import PlannedCell
from harness.verdict import Status


def finish(cells: Sequence[PlannedCell], output: Path, *, ran: int, site_url: str = "") -> int:
    """Rebuild the site below ``output``, print the summary, return the exit code."""
    records = list(read_records(output / "ledger"))
    index = rebuild(output, site_url=site_url)
    decision = decide([cell.key for cell in cells], records)
    console = Console(highlight=False)
    held = newest_by_key(records)
    for status in (Status.FAILED, Status.INCONCLUSIVE):
        for cell in cells:
            record = held.get(cell.key)
            if record is not None and record.status is status:
                console.print(one_line(record), markup=False, soft_wrap=True)
                for line in (record.message.splitlines() or [""])[:3]:
                    console.print(f"    {line}", markup=False, soft_wrap=True)
                console.print(f"    what to do: {record.hint}", markup=False, soft_wrap=True)
    counts = ", ".join(
        f"{count} {labels.STATUS[status].label}" for status, count in decision.counts.items() if count
    )
    console.print(
        f"{len(cells)} cells ({ran} run now, {len(cells) - ran} unchanged): {counts or 'nothing recorded'}",
        markup=False,
        soft_wrap=True,
    )
    console.print(f"{decision.sentence}; report: {index}", markup=False, soft_wrap=True)
    return int(decision.exit_code)


def rebuild(output: Path, *, site_url: str = "") -> Path:
    """Write the site from the ledger; returns its first page."""
    from harness.execute import origin
    from harness.reports.site import write_site

    records = current(read_records(output / "ledger"))
    write_site(
        records,
        output / "site",
        artifacts=output / "artifacts",
        generated_at=origin.now(),
        site_url=site_url,
    )
    return output / "site" / "index.html"
