"""Options that say where the published ledger is."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.published.git import Remote


def add_remote(parser: argparse.ArgumentParser) -> None:
    """``--remote`` and ``--branch``."""
    parser.add_argument(
        "--remote",
        default="origin",
        metavar="NAME",
        help="repository of the published ledger: a remote of this checkout, an address or a folder "
        "(default: origin). GITHUB_TOKEN lets a job in",
    )
    parser.add_argument(
        "--branch", default="ledger", metavar="NAME", help="where it is published (default: ledger)"
    )


def remote_of(args: argparse.Namespace) -> Remote:
    """What the options name; raises UsageError."""
    from harness.published.git import find_remote

    return find_remote(Path.cwd(), args.remote, args.branch, os.environ)
