"""``harness github command``: does what a comment on a pull request asks for."""

from __future__ import annotations

import argparse
import os
from pathlib import PurePosixPath

from harness.cli.github.connection import add_repository, add_workflow, connect_for
from harness.errors import ExitCode, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_workflow(parser)
    add_repository(parser)


def main(args: argparse.Namespace) -> int:
    """Obey the comment of this job's event; what is no command is passed over."""
    from harness.cli.progress import QuietConsole
    from harness.github.actions import Actions
    from harness.github.client import Client
    from harness.github.command import obey, parse
    from harness.github.event import read_event

    event = read_event(os.environ)
    if event.name != "issue_comment" or event.comment is None:
        raise UsageError(f"GITHUB_EVENT_NAME: is {event.name}; this command is for issue_comment")
    console = QuietConsole(highlight=False)
    if event.pull is None or event.action != "created" or parse(event.comment.body) is None:
        console.out("no command on a pull request; nothing was done")
        return int(ExitCode.SATISFIED)
    workflow = PurePosixPath(args.workflow).name
    with connect_for(args, "command") as api:
        console.out(obey(Client(api), Actions(api), event.pull, event.comment, workflow=workflow))
    return int(ExitCode.SATISFIED)
