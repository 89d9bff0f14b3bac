"""What became of a change, out of the folder in which results were taken."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.github.connection import event_of_run

if TYPE_CHECKING:
    from harness.change import Change
    from harness.github.client import Client
    from harness.github.outcome import Outcome
    from harness.github.values import ChangedFile, PullRequest
    from harness.plan.plan import Plan

REFUSED = "refused.json"
PUSHED_OVER = "the pull request was pushed over or closed since: nothing is said about what is not its head"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that say it."""
    parser.add_argument(
        "--collection",
        metavar="DIR",
        default=options.DEFAULT_COLLECTION,
        help="folder of models in the repository; its policy decides, whatever a plan says "
        "(default: collection)",
    )
    parser.add_argument(
        "--run-url", metavar="URL", default="", help="the page of the run (default: by the event)"
    )
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
        links=Links(run=run_url(args), site=args.site_url),
    )


def run_url(args: argparse.Namespace) -> str:
    """The page of the run that tested the change; empty if nobody says."""
    event = event_of_run()
    url: str = args.run_url or (event.run.url if event is not None and event.run is not None else "")
    return url


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


def with_review(change: Change, files: Iterable[ChangedFile]) -> Change:
    """The change with all that a maintainer has to look at, also by what GitHub says that it changes.

    What is said so far comes from a job that the change itself may have altered.
    """
    import msgspec

    from harness.collection import changes

    entries = (changes.ChangedFile(status="M", path=file.path, previous=file.old_path) for file in files)
    found = changes.reach(entries, changes.Models(places={})).review
    return msgspec.structs.replace(change, review=tuple(sorted({*change.review, *found})))


def read_subject(client: Client, args: argparse.Namespace) -> tuple[PullRequest, Change] | None:
    """The pull request that was tested and what it changes; None if it was pushed over or closed since."""
    from harness.change import Change
    from harness.errors import UsageError
    from harness.github.subject import find_subject

    event = event_of_run()
    change = read_change(args.output)
    if event is None and change is None:
        raise UsageError(f"{args.output / 'change.json'}: is not there; `harness github take` writes it")
    pull = find_subject(client, change, event)
    if pull is None:
        return None
    if change is None:
        assert event is not None, "refused above"  # noqa: S101
        change = Change(
            event="pull_request", repository=event.repository, pull=pull.number, head_sha=pull.head_sha
        )
    return pull, with_review(change, client.files(pull))
