"""``harness github comment``: the one comment on a pull request, and its label."""

from __future__ import annotations

import argparse

from harness.cli.github import stored
from harness.cli.github.connection import add_author, add_repository, connect_for
from harness.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    stored.add_arguments(parser)
    add_repository(parser)
    add_author(parser)


def main(args: argparse.Namespace) -> int:
    """Say what became of the change. Saying it is what succeeds: bad news have exit code 0, too."""
    import msgspec

    from harness.cli.progress import QuietConsole
    from harness.github.actions import Actions
    from harness.github.answer import answer
    from harness.github.checks import accepted_by
    from harness.github.client import Client
    from harness.github.pull_labels import put_label
    from harness.github.sticky import put_comment

    console = QuietConsole(highlight=False)
    with connect_for(args, "comment", "--output", args.output) as api:
        client = Client(api)
        subject = stored.read_subject(client, Actions(api), args)
        if subject is None:
            console.out(stored.OVERTAKEN)
            return int(ExitCode.SATISFIED)
        pull = subject.pull
        login = accepted_by(client, pull.head_sha)
        message = answer(
            msgspec.structs.replace(stored.read_outcome(client, args, subject), accepted_by=login)
        )
        put_comment(client, pull.number, message.body, author=args.author)
        put_label(client, pull.number, message.state)
        console.out(f"#{pull.number}: {message.headline}")
    return int(ExitCode.SATISFIED)
