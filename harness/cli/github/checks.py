"""``harness github checks``: the commit status and the check run of a pull request."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.cli.github import stored
from harness.cli.github.connection import add_repository
from harness.cli.github.spoken import MessageFor, speak

if TYPE_CHECKING:
    from harness.github.client import Client
    from harness.github.values import PullRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    stored.add_arguments(parser)
    add_repository(parser)


def main(args: argparse.Namespace) -> int:
    """Say what became of the change; a red status has exit code 0, too."""
    from harness.github.checks import STATUS, say, say_in_detail

    def checks(client: Client, pull: PullRequest, message_for: MessageFor) -> Iterator[str]:
        message = say(client, pull.head_sha, message_for, url=stored.run_url(args))
        yield f"{STATUS} of {pull.head_sha}: {message.state.value}, {message.headline}"
        if why := say_in_detail(client, pull.head_sha, message):
            yield f"no check run: {why}"

    return speak(args, "checks", checks)
