"""``harness consumer``: list, show and begin the tools that models are tested in."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cell import WeightsFormat
from harness.cli import options
from harness.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from harness.consumers import Consumer
    from harness.plan.matrix import Offer

_NAME = re.compile(r"[a-z][a-z0-9]*([.-][a-z0-9]+)*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="one line for each tool and version")
    show = actions.add_parser("show", help="all that is known of a tool")
    show.add_argument("name", metavar="NAME")
    new = actions.add_parser(
        "new",
        help="write the files of a new tool into this checkout",
        description="Write module, runner, environment and test of a new tool (docs/add-a-consumer.md).",
    )
    new.add_argument("name", metavar="NAME", help="as in reports, lower case")
    new.add_argument("--version", required=True, metavar="VERSION", help="of its package, to begin with")
    new.add_argument("--owner", required=True, metavar="OWNER", help="GitHub user or team, without @")
    new.add_argument("--home", required=True, metavar="URL", help="page for its users")
    new.add_argument("--title", metavar="TITLE", help="as its team writes it (default: NAME)")
    new.add_argument("--distribution", metavar="PACKAGE", help="on the package index (default: NAME)")
    new.add_argument("--import-name", metavar="MODULE", help="of that package (default: as PACKAGE)")
    new.add_argument("--python", default="3.11", metavar="VERSION", help="default: 3.11")
    new.add_argument(
        "--weights",
        type=options.one_of(WeightsFormat),
        action="append",
        required=True,
        metavar="FORMAT",
        help=f"that it opens ({', '.join(w.value for w in WeightsFormat)}); repeatable",
    )
    for sub in (listing, show, new):
        options.add_environments(sub)
        sub.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks")


def main(args: argparse.Namespace) -> int:
    """Do the action."""
    return int({"list": list_all, "show": show, "new": new}[args.action](args))


def list_all(args: argparse.Namespace) -> ExitCode:
    """A table of tools and versions."""
    from harness.cli.columns import print_columns
    from harness.cli.progress import console_for_tables
    from harness.consumers import CONSUMERS

    rows = []
    for consumer in CONSUMERS.values():
        by_version: dict[str, list[str]] = {}
        for offer in _offers(consumer, args):
            by_version.setdefault(offer.consumers[consumer.NAME], []).append(offer.ref.name)
        for version, environments in (by_version or {"–": []}).items():
            found = " ".join(environments) or "–"
            rows.append((consumer.NAME, version, consumer.DEPTH.value, consumer.OWNER, found))
    print_columns(console_for_tables(), ("name", "version", "depth", "owner", "environments"), rows)
    return ExitCode.SATISFIED


def show(args: argparse.Namespace) -> ExitCode:
    """What the tool's module says, and where it runs."""
    from harness.cli.columns import print_lines
    from harness.cli.progress import console_for_tables
    from harness.consumers import CONSUMERS

    if args.name not in CONSUMERS:
        raise UsageError(f"no consumer {args.name!r}; there are: {', '.join(sorted(CONSUMERS))}")
    consumer = CONSUMERS[args.name]
    lines = [
        f"{consumer.NAME}: {consumer.TITLE}",
        f"  home         {consumer.HOME}",
        f"  owner        {consumer.OWNER}",
        f"  depth        {consumer.DEPTH.value}",
        f"  package      {consumer.DISTRIBUTION}, tested with {consumer.TESTED}",
        f"  level        {consumer.LEVEL.value}, unless a policy says otherwise",
        f"  as called    {'in another way than tested' if consumer.AS_CALLED else 'as tested'}",
    ]
    for offer in _offers(consumer, args):
        weights = ", ".join(weights.value for weights in offer.weights_formats)
        lines.append(f"  {offer.consumers[consumer.NAME]:<11}  {offer.ref.name}: {weights}")
    print_lines(console_for_tables(), lines)
    return ExitCode.SATISFIED


def _offers(consumer: Consumer, args: argparse.Namespace) -> list[Offer]:
    from harness.consumers import CONSUMERS
    from harness.environments.spec import load_all
    from harness.plan.offers import offers_of

    specs = load_all(options.environments_folder(args.environments)).values()
    mine = [spec for spec in specs if consumer.NAME in spec.consumers]
    return offers_of(mine, backend=args.backend, consumers=CONSUMERS)


def new(args: argparse.Namespace) -> ExitCode:
    """Write the files, and say what comes next."""
    from harness.cli.consumer_new import Skeleton, write

    if not _NAME.fullmatch(args.name):
        raise UsageError(f"{args.name}: a tool's name has lower-case letters, digits, '.' and '-' only")
    distribution = args.distribution or args.name
    skeleton = Skeleton(
        name=args.name,
        title=args.title or args.name,
        owner=args.owner,
        home=args.home,
        distribution=distribution,
        package=args.import_name or distribution.replace("-", "_").replace(".", "_"),
        version=args.version,
        python=args.python,
        weights=tuple(dict.fromkeys(args.weights)),
    )
    for path in write(skeleton, Path()):
        print(f"wrote {path}")  # noqa: T201
    print(f"next: harness env lock {skeleton.folder}, and docs/add-a-consumer.md")  # noqa: T201
    return ExitCode.SATISFIED
