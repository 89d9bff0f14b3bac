"""What became of a change, out of the folder in which results were taken."""

from __future__ import annotations

import argparse
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.cli import options
from harness.cli.github.connection import event_of_run
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.cell import Cell
    from harness.change import Change
    from harness.github.actions import Actions
    from harness.github.client import Client
    from harness.github.outcome import Outcome
    from harness.github.values import ChangedFile, PullRequest
    from harness.ledger.difference import CellDifference
    from harness.ledger.record import Record
    from harness.plan.plan import Plan
    from harness.policy import Level, Policy

OVERTAKEN = "the pull request was pushed over or closed, or tested again since: nothing is said"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that say it."""
    parser.add_argument(
        "--collection",
        metavar="DIR",
        default=options.DEFAULT_COLLECTION,
        help="folder of models in the repository, whatever a plan says (default: collection)",
    )
    parser.add_argument(
        "--published", type=Path, metavar="DIR", help="what is published, its ledger in DIR/ledger"
    )
    parser.add_argument(
        "--run-url", metavar="URL", default="", help="the page of the run (default: by the event)"
    )
    parser.add_argument("--site-url", metavar="URL", default="", help="the published site, to be linked")
    options.add_policy(parser, default="the one that the base branch has in DIR, by GitHub's word")
    options.add_output(parser)


class Subject(NamedTuple):
    """What is spoken of: the pull request as it is now, what it changes, and GitHub's own list of that.

    ``beside`` and ``refused`` are as in :class:`harness.github.subject.Found`.
    """

    pull: PullRequest
    change: Change
    files: tuple[ChangedFile, ...]
    beside: tuple[int, ...]
    refused: str


def read_outcome(client: Client, args: argparse.Namespace, subject: Subject) -> Outcome:
    """Read plan, ledger and what was refused.

    Without a plan nothing was decided: that is told as what was refused, so that somebody hears of it.
    """
    from harness.cli.finish import today
    from harness.cli.github.excused import excused
    from harness.cli.github.remarks import remarks
    from harness.cli.github.unfit import unfit
    from harness.github.outcome import Links, Outcome
    from harness.ledger.gate import decide
    from harness.ledger.query import newest_by_key
    from harness.plan.plan import read_plan

    output: Path = args.output
    policy = _policy_of_base(client, args, subject.pull)
    plan = read_plan(output / "plan.json") if (output / "plan.json").is_file() else None
    planned = {entry.key: entry.cell for entry in plan.cells} if plan else {}
    held = newest_by_key(record for record in _records(output / "ledger") if record.key in planned)
    day, levels = today(), levels_of(planned)
    decision = decide(planned, held.values(), policy, today=day, levels=levels)
    return Outcome(
        change=subject.change,
        decision=decision,
        records=held,
        differences=_differences(args.published, planned, held.values()),
        too_many_files=_too_many(subject),
        beside=subject.beside,
        annotations=remarks(client, subject.pull.head_sha, subject.files, held.values(), args.collection),
        refused=(
            *filter(None, [subject.refused]),
            *_refused(output, plan, policy),
            *(unfit(client, subject, plan, args.collection) if plan else ()),
        ),
        excused=excused(
            client,
            subject.pull.base,
            decision,
            held.values(),
            policy,
            today=day,
            levels=levels,
            collection=args.collection,
        ),
        collection=args.collection,
        links=Links(run=run_url(args), site=args.site_url),
    )


def _too_many(subject: Subject) -> int:
    """How many files are changed, if GitHub may not have listed all; its own number may end there, too."""
    from harness.github.client import MOST_FILES

    listed = len(subject.files)
    return max(listed, subject.pull.files) if listed >= MOST_FILES else 0


def _policy_of_base(client: Client, args: argparse.Namespace, pull: PullRequest) -> Policy:
    """As ``--policy`` says, else what the branch has now that the pull request is to be merged into."""
    from harness.policy import DEFAULT, FILE_NAME, decode_policy, read_policy

    if args.policy is not None:
        return read_policy(args.policy)
    path = posixpath.normpath(posixpath.join(args.collection, FILE_NAME))
    data = client.content(path, pull.base)
    return DEFAULT if data is None else decode_policy(data, origin=f"{path} in {pull.base_branch}")


def levels_of(planned: Mapping[str, Cell]) -> dict[str, Level]:
    """What cells are where no rule matches, by key: as this harness knows the tools, whatever a plan says."""
    from harness.consumers import CONSUMERS

    names = {key: cell.consumer.name for key, cell in planned.items()}
    return {key: CONSUMERS[name].LEVEL for key, name in names.items() if name in CONSUMERS}


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


def _refused(output: Path, plan: Plan | None, policy: Policy) -> Iterator[str]:
    from harness import jsonio
    from harness.ledger.foreign.take import REFUSED

    if (output / REFUSED).is_file():
        yield from jsonio.read(output / REFUSED, list[str])
    if plan is None:
        yield "the run handed over no plan that could be taken: see the log of its job `plan`"
    elif not plan.is_decided_by(policy):
        yield (
            "the plan was made with other required checks, bounds of tolerance or rules for scans than the "
            "branch has that this goes to: push, or rebase"
        )


def _differences(
    published: Path | None, planned: Mapping[str, Cell], records: Iterable[Record]
) -> tuple[CellDifference, ...] | None:
    """What is otherwise than in the published ledger; None without one."""
    from harness.ledger.difference import differences
    from harness.ledger.query import current
    from harness.ledger.survey import read_surveys

    if published is None or not (published / "ledger").is_dir():
        return None
    ledger = published / "ledger"
    return differences(planned, records, current(_records(ledger), read_surveys(ledger)))


def _records(ledger: Path) -> Iterator[Record]:
    from harness.ledger.store import read_records

    return iter(read_records(ledger) if ledger.is_dir() else ())


def read_subject(client: Client, actions: Actions, args: argparse.Namespace) -> Subject | None:
    """The pull request that was tested and what it changes; None if nothing is to be said any more."""
    from harness.github.subject import find_subject, is_over

    event = event_of_run()
    change = read_change(args.output)
    if event is None and change is None:
        raise UsageError(f"{args.output / 'change.json'}: is not there; `harness github take` writes it")
    if event is not None and event.run is not None and not is_over(actions, event.run):
        return None
    found = find_subject(client, change, event)
    if found is None:
        return None
    pull, files = _with_files(client, found.pull)
    if pull.head_sha != found.pull.head_sha:
        return None
    return Subject(pull, _with_review(found.change, files), files, found.beside, found.refused)


def _with_files(client: Client, pull: PullRequest) -> tuple[PullRequest, tuple[ChangedFile, ...]]:
    """A pull request with the files that it changes: GitHub lists those of the moment when it is asked."""
    while True:
        files = tuple(client.files(pull))
        before, pull = pull, client.pull(pull.number)
        if (before.head_sha, before.base) == (pull.head_sha, pull.base):
            return pull, files


def _with_review(change: Change, files: Iterable[ChangedFile]) -> Change:
    """The change with all that a maintainer has to look at, also by what GitHub says that it changes.

    What is said so far comes from a job that the change itself may have altered.
    """
    import msgspec

    from harness.collection import changes

    entries = (changes.ChangedFile(status="M", path=file.path, previous=file.old_path) for file in files)
    found = changes.reach(entries, changes.Models(places={})).review
    return msgspec.structs.replace(change, review=tuple(sorted({*change.review, *found})))
