"""Options of all commands that talk to GitHub, and what they have in common."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.github.event import Event
    from harness.github.session import Api

PULL_REQUEST_WORKFLOW = ".github/workflows/pull-request.yml"


def add_repository(parser: argparse.ArgumentParser) -> None:
    """``--repository``."""
    parser.add_argument(
        "--repository",
        metavar="OWNER/NAME",
        default="",
        help="where to ask and speak (default: GITHUB_REPOSITORY); GITHUB_TOKEN is the token, GITHUB_API_URL "
        "the API of a GitHub of one's own",
    )


def add_author(parser: argparse.ArgumentParser) -> None:
    """``--author``."""
    from harness.github.values import ACTIONS

    parser.add_argument(
        "--author",
        metavar="LOGIN",
        default=ACTIONS,
        help=f"whose the token is: only what this account wrote is changed (default: {ACTIONS})",
    )


def add_workflow(parser: argparse.ArgumentParser) -> None:
    """``--workflow``."""
    parser.add_argument(
        "--workflow",
        metavar="PATH",
        default=PULL_REQUEST_WORKFLOW,
        help=f"the workflow that tests pull requests (default: {PULL_REQUEST_WORKFLOW})",
    )


def connect_for(args: argparse.Namespace, *words: str | Path) -> Api:
    """The API; ``words`` are what to run again where it fails."""
    from harness.github.session import connect

    again = shlex.join(["harness", "github", *map(str, words)])
    return connect(os.environ, again=again, repository=args.repository)


def event_of_run() -> Event | None:
    """The event of this job, if it is about a run that has ended: then that run is what is spoken of."""
    from harness.github.event import read_event

    return read_event(os.environ) if os.environ.get("GITHUB_EVENT_NAME") == "workflow_run" else None
