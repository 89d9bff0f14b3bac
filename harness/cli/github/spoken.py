"""What all commands have in common that say what became of a pull request."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from harness.cli.github import stored
from harness.cli.github.connection import connect_for
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.github.client import Client
    from harness.github.message import Message
    from harness.github.values import PullRequest

MessageFor: TypeAlias = "Callable[[str], Message]"
"""The message, given who has accepted what the change does to the tests (empty: nobody)."""


def speak(
    args: argparse.Namespace,
    command: str,
    say: Callable[[Client, PullRequest, MessageFor], Iterable[str]],
) -> int:
    """Say it, and on the console what was said. Saying it is what succeeds: bad news have exit code 0, too.

    Args:
        command: which one this is.
        say: says it on GitHub; answers the lines for the console.
    """
    import msgspec

    from harness.cli.progress import QuietConsole
    from harness.github.actions import Actions
    from harness.github.answer import answer
    from harness.github.client import Client

    console = QuietConsole(highlight=False)
    with connect_for(args, command, "--output", args.output) as api:
        client = Client(api)
        subject = stored.read_subject(client, Actions(api), args)
        if subject is None:
            console.out(stored.OVERTAKEN)
            return int(ExitCode.SATISFIED)
        outcome = stored.read_outcome(client, args, subject)

        def message_for(login: str) -> Message:
            return answer(msgspec.structs.replace(outcome, accepted_by=login))

        for line in say(client, subject.pull, message_for):
            console.out(line)
    return int(ExitCode.SATISFIED)
