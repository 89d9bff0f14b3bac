"""``harness report``: rebuild site and badges from the ledger."""

from __future__ import annotations

import argparse

from harness.cli import options
from harness.errors import ExitCode, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    options.add_output(parser)
    options.add_site(parser)


def main(args: argparse.Namespace) -> int:
    """Rebuild ``DIR/site`` and print where its first page is."""
    from harness.cli.finish import rebuild
    from harness.ledger.store import read_records

    if not (args.output / "ledger").is_dir():
        raise UsageError(
            f"{args.output / 'ledger'}: there is no ledger; `harness run --output {args.output}` makes one"
        )
    print(rebuild(args.output, read_records(args.output / "ledger"), site_url=args.site_url))  # noqa: T201
    return int(ExitCode.SATISFIED)
