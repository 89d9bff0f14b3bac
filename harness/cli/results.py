"""``harness results``: the newest record of every cell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.cli import options
from harness.cli.selected import is_selected
from harness.errors import ExitCode, UsageError
from harness.ledger.record import Record
from harness.verdict import Status


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--format", choices=["table", "json", "csv", "junit"], default="table")
    parser.add_argument(
        "--status",
        type=options.one_of(Status),
        action="append",
        default=[],
        metavar="STATUS",
        help=f"{', '.join(status.value for status in Status)}; repeatable",
    )
    options.add_filters(parser)
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Print the records that the filters leave, to standard output."""
    from harness.ledger.query import current
    from harness.ledger.store import read_records
    from harness.ledger.survey import read_surveys
    from harness.reports import listing

    folder = args.output / "ledger"
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no ledger; `harness run --output {args.output}` makes one")
    shown = current(read_records(folder), read_surveys(folder))
    records = [record for record in shown if _wanted(record, args)]
    if args.format == "table":
        _print_table(records, args.output)
    else:
        formats = {"json": listing.as_json, "csv": listing.as_csv, "junit": listing.as_junit}
        sys.stdout.write(formats[args.format](records))
    return int(ExitCode.SATISFIED)


def _wanted(record: Record, args: argparse.Namespace) -> bool:
    return (not args.status or record.status in args.status) and is_selected(record, args)


def _print_table(records: Sequence[Record], output: Path) -> None:
    """One line for each cell, and below them what to do about those that need somebody."""
    from harness import labels
    from harness.cli.columns import print_columns
    from harness.cli.finish import explain
    from harness.cli.progress import STYLES, console_for_tables, findings
    from harness.verdict import Reason

    console = console_for_tables()
    if not records:
        console.print("no record fits")
        return
    print_columns(
        console,
        ("model", "weights", "consumer", "environment", "device", "verdict", "s", "why"),
        [
            (
                record.model.id,
                record.weights_format.value if record.weights_format else "–",
                f"{record.consumer.name} {record.consumer.version}",
                record.environment.name if record.environment else "–",
                record.device.value,
                f"{labels.STATUS[record.status].icon} {labels.STATUS[record.status].label}",
                f"{record.seconds:.1f}",
                labels.REASON[Reason.from_slug(record.reason)].label if record.reason else findings(record),
            )
            for record in records
        ],
        styles=[STYLES[record.status] for record in records],
    )
    for record in records:
        if record.status in (Status.FAILED, Status.INCONCLUSIVE):
            explain(record, None, console, output)
