"""What a maintainer asks for by a comment: one line that begins with ``/harness``. All else is no command."""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from harness.errors import GitHubError
from harness.github.actions import Actions
from harness.github.checks import accept
from harness.github.client import Client
from harness.github.event import Comment
from harness.github.pull_labels import put_label
from harness.github.values import PullRequest

HELP = """\
Comments that the harness understands, from people who may push here:

| comment | does |
|---|---|
| `/harness rerun inconclusive` | runs the jobs again in which a required cell got no verdict |
| `/harness accept COMMIT` | accepts what this commit changes about how models are tested, if it is the head \
and has results; at least 12 digits of it |
| `/harness help` | this |
"""


class Asked(str, Enum):
    """The closed list."""

    RERUN_INCONCLUSIVE = "rerun inconclusive"
    ACCEPT = "accept"
    HELP = "help"


class Command(NamedTuple):
    """What a comment asks for; ``commit`` is the beginning of the commit that is accepted, else empty."""

    asked: Asked
    commit: str = ""


_PLAIN = "|".join(asked.value for asked in Asked if asked is not Asked.ACCEPT)
_COMMAND = re.compile(rf"\s*/harness (?:(?P<plain>{_PLAIN})|accept (?P<commit>[0-9a-f]{{12,64}}))\s*")


def parse(body: str) -> Command | None:
    """The command that a comment is, as a whole; None for every other text."""
    found = _COMMAND.fullmatch(body)
    if found is None:
        return None
    return Command(Asked(found["plain"])) if found["plain"] else Command(Asked.ACCEPT, found["commit"])


def obey(client: Client, actions: Actions, pull: int, comment: Comment, *, workflow: str) -> str:
    """Do what a comment on a pull request asks for, and say by a reaction whether it was done.

    Args:
        workflow: the name of the file of the workflow that tests pull requests.

    Returns:
        What was done, or why nothing was, one sentence for the log.
    """
    command = parse(comment.body)
    if command is None:
        return "the comment is no command; nothing was done"
    if not client.may_write(comment.author):
        client.react(comment.id, "-1")
        return f"@{comment.author} may not write here; nothing was done"
    asked = command.asked
    if asked is Asked.HELP:
        client.add_comment(pull, HELP)
        done = "answered"
    else:
        now = client.pull(pull)
        if not now.head_sha.startswith(command.commit):
            client.react(comment.id, "-1")
            return f"{asked.value}: {command.commit} is not the head, {now.head_sha} is; nothing was done"
        done = _do(client, actions, now, comment.author, asked, workflow)
    client.react(comment.id, "+1" if done else "confused")
    return f"{asked.value}: {done or 'there is nothing to do it to'}"


def _do(client: Client, actions: Actions, pull: PullRequest, login: str, asked: Asked, workflow: str) -> str:
    """What was done; empty if nothing could be."""
    if not pull.is_open:
        return ""
    if asked is Asked.ACCEPT:
        return _accepted(client, pull, login)
    run = actions.newest_run(workflow, pull.head_sha)
    if run is None or run.status != "completed" or run.conclusion == "success":
        return ""
    try:
        actions.rerun_failed(run.id)
    except GitHubError as error:
        if error.status == 403 and actions.run(run.id).status != "completed":
            return ""  # somebody else was faster
        raise
    return f"runs again: run {run.id}"


def _accepted(client: Client, pull: PullRequest, login: str) -> str:
    state = accept(client, pull.head_sha, login)
    if state is None:
        return ""
    put_label(client, pull.number, state)
    return f"accepted {pull.head_sha}: {state.value}"
