"""``harness github summary``: what a job found, on the page of its run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.run import shard_argument
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.cell import Cell
    from harness.ledger.record import Record
    from harness.policy import Policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="default: DIR/plan.json; without one, all that is recorded"
    )
    parser.add_argument(
        "--shard",
        type=shard_argument,
        metavar="K/N",
        default=(1, 1),
        help="the part of the plan that was run",
    )
    options.add_policy(parser)
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Append the Markdown to ``GITHUB_STEP_SUMMARY``, or print it where there is none."""
    from harness.cli.finish import today
    from harness.cli.github.run_page import add_to_page
    from harness.cli.github.stored import levels_of
    from harness.github.summary import LONGEST, summary_of
    from harness.ledger.gate import decide
    from harness.ledger.query import newest_by_key
    from harness.ledger.store import read_records

    ledger = args.output / "ledger"
    if not ledger.is_dir():
        raise UsageError(f"{ledger}: there is no ledger; `harness run --output {args.output}` makes one")
    held = newest_by_key(read_records(ledger))
    planned, policy = _planned(args, held)
    records = {key: record for key, record in held.items() if key in planned}
    decision = decide(planned, records.values(), policy, today=today(), levels=levels_of(planned))
    part = "" if args.shard == (1, 1) else "{}/{}".format(*args.shard)

    def text_of(longest: int) -> str:
        return summary_of(decision, records, part=part, longest=longest)

    if not add_to_page(text_of):
        sys.stdout.write(text_of(LONGEST))
    return int(ExitCode.SATISFIED)


def _planned(args: argparse.Namespace, held: dict[str, Record]) -> tuple[dict[str, Cell], Policy]:
    """The cells that this job had to run, by key, and the policy."""
    from harness.ledger.query import current
    from harness.plan.plan import read_plan
    from harness.plan.shard import shard

    path = args.plan or args.output / "plan.json"
    if args.plan is None and not path.is_file():
        policy = options.policy_of(options.DEFAULT_COLLECTION, args.policy)
        return {record.key: record.cell for record in current(held.values())}, policy
    plan = read_plan(path)
    cells = shard(plan.cells, *args.shard)
    return {entry.key: entry.cell for entry in cells}, options.policy_of(plan.collection, args.policy)
