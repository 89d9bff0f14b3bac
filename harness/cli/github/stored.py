"""What became of a change, out of the folder in which results were taken."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options

if TYPE_CHECKING:
    from harness.change import Change
    from harness.github.outcome import Outcome
    from harness.github.values import ChangedFile
    from harness.plan.plan import Plan

REFUSED = "refused.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that say it."""
    parser.add_argument(
        "--collection",
        metavar="DIR",
        default=options.DEFAULT_COLLECTION,
        help="folder of models in the repository; its policy decides, whatever a plan says "
        "(default: collection)",
    )
    parser.add_argument("--run-url", metavar="URL", default="", help="the page of the run, to be linked")
    parser.add_argument("--site-url", metavar="URL", default="", help="the published site, to be linked")
    options.add_policy(parser)
    options.add_output(parser)


def read_outcome(args: argparse.Namespace, change: Change) -> Outcome:
    """Read plan, ledger and what was refused.

    Without a plan nothing was decided: that is told as what was refused, so that somebody hears of it.
    """
    from harness import jsonio
    from harness.cli.finish import today
    from harness.github.outcome import Links, Outcome
    from harness.ledger.gate import decide
    from harness.ledger.query import newest_by_key
    from harness.ledger.store import read_records

    output: Path = args.output
    policy = options.policy_of(args.collection, args.policy)
    refused = jsonio.read(output / REFUSED, list[str]) if (output / REFUSED).is_file() else []
    plan = _plan(output)
    if plan is None:
        refused = refused or ["the run handed over no plan: see the log of its job `plan`"]
    elif not plan.is_decided_by(policy):
        refused = [*refused, "the plan was not made with the required checks, bounds and scans of the policy"]
    planned = {entry.key: entry.cell for entry in plan.cells} if plan else {}
    records = read_records(output / "ledger") if (output / "ledger").is_dir() else ()
    held = newest_by_key(record for record in records if record.key in planned)
    return Outcome(
        change=change,
        decision=decide(planned, held.values(), policy, today=today()),
        records=held,
        refused=tuple(refused),
        collection=args.collection,
        links=Links(run=args.run_url, site=args.site_url),
    )


def read_change(output: Path) -> Change | None:
    """``change.json``; None if there is none."""
    from harness import jsonio
    from harness.change import SCHEMA, Change
    from harness.errors import ConfigurationError

    path = output / "change.json"
    if not path.is_file():
        return None
    change = jsonio.read(path, Change)
    if change.schema != SCHEMA:
        raise ConfigurationError(f"{path}: field schema: is {change.schema}, this harness reads {SCHEMA}")
    return change


def _plan(output: Path) -> Plan | None:
    from harness.plan.plan import read_plan

    path = output / "plan.json"
    return read_plan(path) if path.is_file() else None


def with_review(change: Change, files: list[ChangedFile]) -> Change:
    """The change with all that a maintainer has to look at, by what GitHub says that it changes, too."""
    raise NotImplementedError
