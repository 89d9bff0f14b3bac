"""``harness github begin``: the commit status while a pull request is being tested."""

from __future__ import annotations

import argparse

from harness.cli.github.connection import add_repository, connect_for, event_of_run
from harness.errors import ExitCode, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_repository(parser)


def main(args: argparse.Namespace) -> int:
    """Say it, unless the run of this job's event has ended already: then its end has the last word."""
    from harness.cli.progress import QuietConsole
    from harness.github.actions import Actions
    from harness.github.checks import STATUS, begin
    from harness.github.client import Client

    event = event_of_run()
    if event is None or event.run is None:
        raise UsageError(
            "GITHUB_EVENT_NAME: is not workflow_run; this command is for the run of a pull request"
        )
    console = QuietConsole(highlight=False)
    with connect_for(args, "begin") as api:
        actions, number = Actions(api), event.run.id

        def has_ended() -> bool:
            return actions.run(number).status == "completed"

        if begin(Client(api), event.head_sha, has_ended, url=event.run.url):
            console.out(f"{STATUS} of {event.head_sha}: pending, it is being tested")
        else:
            console.out(f"run {number} has ended: nothing is said")
    return int(ExitCode.SATISFIED)
