"""``harness compare``: what regressed, was fixed, is new or gone between two sides."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.cli import options
from harness.cli.selected import is_selected
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.ledger.between import Comparison
    from harness.ledger.difference import CellDifference
    from harness.ledger.record import Record
    from harness.ledger.sides import Side
    from harness.ledger.survey import Survey

_SIDE = (
    "a tool in one version, NAME==VERSION; an environment, NAME, NAME@DIGEST or the beginning of a "
    "digest; a run of the ledger, by its id or the beginning of it; or a folder with a ledger"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        f"{parser.epilog}\n\nIn GitHub Actions the differences are on the page of the run, too.\n\n"
        "exit codes:\n  0  nothing regressed\n  1  something did\n"
        "  2  BASE or HEAD is not there, or they cannot be compared"
    )
    parser.add_argument("base", metavar="BASE", help=f"what was before: {_SIDE}")
    parser.add_argument("head", metavar="HEAD", help="what is held against it; likewise")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    parser.add_argument(
        "--part",
        action="store_true",
        help="HEAD is a part, such as the ledger of a run of one tool: what it has no record of is not gone",
    )
    options.add_filters(parser)
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Print the differences, and in Actions add them to the page of the run; 1 if something regressed."""
    from harness import jsonio
    from harness.cli.github.run_page import add_to_page
    from harness.github.compared import text_of
    from harness.ledger.between import between
    from harness.ledger.difference import Kind

    ledger = _Ledger(args.output / "ledger")
    base, head = (_selected(_side(asked, ledger), args) for asked in (args.base, args.head))
    found = between(base, head, part=args.part)
    if args.format == "json":
        sys.stdout.write(jsonio.dumps(found, indent=2).decode())
    else:
        _print(found)
    add_to_page(lambda longest: text_of(found, longest=longest))
    return int(ExitCode.FAILED if Kind.REGRESSED in found.counts else ExitCode.SATISFIED)


class _Ledger:
    """That of ``--output``, read where one of both sides is in it, and only once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def records(self) -> list[Record]:
        """All of them."""
        from harness.ledger.store import read_records

        return list(read_records(self.folder))

    @cached_property
    def surveys(self) -> list[Survey]:
        """All of them."""
        from harness.ledger.survey import read_surveys

        return read_surveys(self.folder)


def _side(asked: str, own: _Ledger) -> Side:
    """A folder's whole ledger, or else what is called so in our own."""
    from harness.ledger.sides import ledger_side, side

    for folder in (Path(asked) / "ledger", Path(asked)):
        if folder.is_dir() and (folder.name == "ledger" or any(folder.glob("*.jsonl"))):
            other = _Ledger(folder)
            return ledger_side(asked, other.records, other.surveys)
    if not own.folder.is_dir():
        raise UsageError(
            f"{asked}: is no folder with a ledger, and {own.folder} is none, in which a tool, an environment "
            "or a run could be called so; name the folder of a run with --output"
        )
    return side(asked, own.records, own.surveys)


def _selected(side: Side, args: argparse.Namespace) -> Side:
    return msgspec.structs.replace(side, records=tuple(r for r in side.records if is_selected(r, args)))


def _print(found: Comparison) -> None:
    """A table for each kind of which there is something to tell, and how much there is of all kinds."""
    from harness.cli.columns import print_columns, print_lines
    from harness.cli.progress import STYLES, console_for_tables
    from harness.ledger.between import in_short, sections

    console = console_for_tables()
    for title, cells in sections(found):
        print_lines(console, [f"{title}: {len(cells)}"])
        print_columns(
            console,
            ("model", "weights", "consumer", "environment", "device", "before", "now", "why"),
            map(_row, cells),
            styles=[STYLES[each.now.status] if each.now else "dim" for each in cells],
        )
        print_lines(console, [""])
    print_lines(console, [f"{found.base} → {found.head}: {in_short(found)}"])


def _row(each: CellDifference) -> Sequence[str]:
    from harness.ledger.between import why

    cell = each.cell
    return (
        cell.model.id,
        cell.weights_format.value if cell.weights_format else "–",
        f"{cell.consumer.name} {cell.consumer.version}",
        cell.environment.name if cell.environment else "–",
        cell.device.value,
        _verdict(each.before),
        _verdict(each.now),
        why(each),
    )


def _verdict(record: Record | None) -> str:
    from harness import labels

    return f"{labels.STATUS[record.status].icon} {labels.STATUS[record.status].label}" if record else "–"
