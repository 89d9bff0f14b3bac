"""``harness github publish``: add a ledger to the published one, a branch of its own."""

from __future__ import annotations

import argparse

from harness.cli import options
from harness.cli.github.remote import add_remote, remote_of
from harness.errors import ExitCode, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_remote(parser)
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Publish DIR/ledger and DIR/artifacts; DIR then has all that is published, too."""
    from harness.cli.progress import QuietConsole
    from harness.published.branch import publish

    if not (args.output / "ledger").is_dir():
        raise UsageError(f"{args.output / 'ledger'}: there is no ledger; `harness github take` makes one")
    remote = remote_of(args)
    published = publish(args.output, remote)
    new = f"{published.segments} new segment{'s' * (published.segments != 1)}"
    again = f", at attempt {published.attempt}" if published.attempt > 1 else ""
    QuietConsole(highlight=False).out(
        f"{remote}: {new} published{again}" if published.attempt else f"{remote}: nothing is new"
    )
    return int(ExitCode.SATISFIED)
