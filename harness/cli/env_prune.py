"""``harness env prune``: make room where environments are kept."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.env import size
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.environments.prune import Pruned


def prune(args: argparse.Namespace) -> ExitCode:
    """Remove what no folder asks for, and what the limits leave no room for; print what the disk got back."""
    import time

    from harness.environments import prune as pruning
    from harness.environments.backend import recipes_of
    from harness.environments.spec import load_all

    specs = load_all(options.environments_folder(args.environments)).values()
    pruned = pruning.prune(
        [spec.ref(backend) for spec in specs for backend in recipes_of(spec)],
        now=time.time(),
        older_than=args.older_than,
        max_bytes=None if args.max_size is None else int(args.max_size * 1e9),
        dry_run=args.dry_run,
    )
    _print(pruned, dry_run=args.dry_run)
    return ExitCode.SATISFIED


def _print(pruned: Pruned, *, dry_run: bool) -> None:
    from harness.cli.columns import print_lines
    from harness.cli.progress import console_for_tables

    went, got = ("would remove", "would get") if dry_run else ("removed", "got")
    lines = [f"{_name(each.name)}: {went} {each.folder} ({each.why})" for each in pruned.removed]
    lines += [f"{_name(each.name)}: kept {each.folder}: it is in use" for each in pruned.kept]
    shared = f"; {size(pruned.shared_bytes)} stay, with other names elsewhere (cache of uv)"
    lines.append(
        f"{len(pruned.removed)} {'to remove' if dry_run else went}, the disk {got} back "
        f"{size(pruned.freed_bytes)}{shared if pruned.shared_bytes else ''}"
    )
    print_lines(console_for_tables(), lines)


def _name(name: str) -> str:
    return name or "leftovers"
