"""``harness github issues``: one issue for each reason for which a tool fails, if the policy says so."""

from __future__ import annotations

import argparse

from harness.cli import options
from harness.cli.github.connection import add_author, add_repository, connect_for
from harness.errors import ExitCode, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--collection",
        metavar="DIR",
        default=options.DEFAULT_COLLECTION,
        help="folder of models, whose policy says which tools want issues (default: collection)",
    )
    options.add_policy(parser)
    options.add_output(parser)
    add_repository(parser)
    add_author(parser)


def main(args: argparse.Namespace) -> int:
    """Open, change and close issues after the ledger."""
    from harness.cli.progress import QuietConsole
    from harness.github.client import Client
    from harness.github.failures import notices
    from harness.github.issues import put_issues
    from harness.ledger.query import current
    from harness.ledger.store import read_records
    from harness.ledger.survey import read_surveys

    policy = options.policy_of(args.collection, args.policy)
    console = QuietConsole(highlight=False)
    if not policy.notify.issues:
        console.out("no tool wants issues: the policy names none under [notify] issues")
        return int(ExitCode.SATISFIED)
    ledger = args.output / "ledger"
    if not ledger.is_dir():
        raise UsageError(f"{ledger}: there is no ledger; `harness run --output {args.output}` makes one")
    records = current(read_records(ledger), read_surveys(ledger))
    for name in sorted({*policy.notify.issues} - {record.consumer.name for record in records}):
        console.out(f"policy: [notify] issues names {name}, of which the ledger has no record")
    wanted = notices(records, policy.notify.issues)
    with connect_for(args, "issues", "--output", args.output) as api:
        numbers = put_issues(Client(api), wanted, author=args.author)
    for subject, number in numbers.items():
        console.out(f"#{number}: {subject}")
    console.out(f"{len(numbers)} of these are open; all others of ours are closed")
    return int(ExitCode.SATISFIED)
