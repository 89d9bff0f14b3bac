"""``harness github published``: get the published ledger into a folder."""

from __future__ import annotations

import argparse

from harness.cli import options
from harness.cli.github.remote import add_remote, remote_of
from harness.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_remote(parser)
    options.add_output(parser)


def main(args: argparse.Namespace) -> int:
    """Add what is published to DIR; before the first publication that is an empty ledger."""
    from harness.cli.progress import QuietConsole
    from harness.published.branch import get

    remote = remote_of(args)
    there = get(remote, args.output)
    QuietConsole(highlight=False).out(
        f"{remote}: in {args.output}" if there else f"{remote}: nothing is published yet"
    )
    return int(ExitCode.SATISFIED)
