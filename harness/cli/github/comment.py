"""``harness github comment``: the one comment on a pull request, and its label."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.cli.github import stored
from harness.cli.github.connection import add_author, add_repository
from harness.cli.github.spoken import MessageFor, speak

if TYPE_CHECKING:
    from harness.github.client import Client
    from harness.github.values import PullRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    stored.add_arguments(parser)
    add_repository(parser)
    add_author(parser)


def main(args: argparse.Namespace) -> int:
    """Say what became of the change; bad news have exit code 0, too."""
    from harness.github.checks import accepted_by
    from harness.github.pull_labels import put_label
    from harness.github.sticky import put_comment

    def comment(client: Client, pull: PullRequest, message_for: MessageFor) -> Iterator[str]:
        message = message_for(accepted_by(client, pull.head_sha))
        put_comment(client, pull.number, message.body, author=args.author)
        put_label(client, pull.number, message.state)
        yield f"#{pull.number}: {message.headline}"

    return speak(args, "comment", comment)
