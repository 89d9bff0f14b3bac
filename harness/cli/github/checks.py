"""``harness github checks``: the commit status and the check run of a pull request."""

from __future__ import annotations

import argparse

from harness.cli.github import stored
from harness.cli.github.connection import add_repository, connect_for
from harness.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    stored.add_arguments(parser)
    add_repository(parser)


def main(args: argparse.Namespace) -> int:
    """Say what became of the change. Saying it is what succeeds: a red status has exit code 0, too."""
    import msgspec

    from harness.cli.progress import QuietConsole
    from harness.github.actions import Actions
    from harness.github.answer import answer
    from harness.github.checks import STATUS, say, say_in_detail
    from harness.github.client import Client

    console = QuietConsole(highlight=False)
    with connect_for(args, "checks", "--output", args.output) as api:
        client = Client(api)
        subject = stored.read_subject(client, Actions(api), args)
        if subject is None:
            console.out(stored.OVERTAKEN)
            return int(ExitCode.SATISFIED)
        pull = subject.pull
        outcome = stored.read_outcome(client, args, subject)
        message = say(
            client,
            pull.head_sha,
            lambda login: answer(msgspec.structs.replace(outcome, accepted_by=login)),
            url=stored.run_url(args),
        )
        console.out(f"{STATUS} of {pull.head_sha}: {message.state.value}, {message.headline}")
        if why := say_in_detail(client, pull.head_sha, message):
            console.out(f"no check run: {why}")
    return int(ExitCode.SATISFIED)
