"""``harness env diff``: what differs between two environments."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.environments.difference import Change
    from harness.environments.known import Known

_NOTHING = "–"


def diff(args: argparse.Namespace) -> ExitCode:
    """Print what was added, removed and changed; 0 if nothing was, else 1."""
    from harness.cli.replaying import places_of, records_of
    from harness.environments.difference import changes
    from harness.environments.known import find

    places = places_of(args, records_of(args))
    before, after = (find(asked, places, args.backend) for asked in (args.before, args.after))
    found = changes(before.recipe, after.recipe)
    print_changes(_title(before), _title(after), found)
    return ExitCode.FAILED if found else ExitCode.SATISFIED


def print_changes(before: str, after: str, found: Sequence[Change]) -> None:
    """One line for each change, and how many there are."""
    from harness.cli.columns import print_columns, print_lines
    from harness.cli.progress import console_for_tables
    from harness.environments.difference import in_short

    console = console_for_tables()
    if found:
        print_columns(
            console,
            ("", "what", before, after),
            [
                (change.kind, change.what, change.before or _NOTHING, change.after or _NOTHING)
                for change in found
            ],
        )
    print_lines(console, [f"{before} → {after}: {in_short(found)}"])


def _title(known: Known) -> str:
    return f"{known.ref.name} {known.ref.digest[:12]}"
