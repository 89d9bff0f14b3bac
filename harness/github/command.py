"""What a maintainer asks for by a comment: one line that begins with ``/harness``. All else is no command."""

from __future__ import annotations

import re
from enum import Enum

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
| `/harness rerun inconclusive` | runs all jobs again in which a cell got no verdict or failed |
| `/harness rerun failed` | the same |
| `/harness accept` | accepts that its present commit changes how models are tested, once it has results |
| `/harness help` | this |
"""


class Asked(str, Enum):
    """The closed list."""

    RERUN_INCONCLUSIVE = "rerun inconclusive"
    RERUN_FAILED = "rerun failed"
    ACCEPT = "accept"
    HELP = "help"


_COMMAND = re.compile(rf"\s*/harness ({'|'.join(asked.value for asked in Asked)})\s*")


def parse(body: str) -> Asked | None:
    """The command that a comment is, as a whole; None for every other text."""
    found = _COMMAND.fullmatch(body)
    return Asked(found[1]) if found else None


def obey(client: Client, actions: Actions, pull: int, comment: Comment, *, workflow: str) -> str:
    """Do what a comment on a pull request asks for, and say by a reaction whether it was done.

    Args:
        workflow: the name of the file of the workflow that tests pull requests.

    Returns:
        What was done, or why nothing was, one sentence for the log.
    """
    asked = parse(comment.body)
    if asked is None:
        return "the comment is no command; nothing was done"
    if not client.may_write(comment.author):
        client.react(comment.id, "-1")
        return f"@{comment.author} may not write here; nothing was done"
    done = _do(client, actions, pull, comment, asked, workflow)
    client.react(comment.id, "+1" if done else "confused")
    return f"{asked.value}: {done or 'there is nothing to do it to'}"


def _do(client: Client, actions: Actions, pull: int, comment: Comment, asked: Asked, workflow: str) -> str:
    """What was done; empty if nothing could be."""
    if asked is Asked.HELP:
        client.add_comment(pull, HELP)
        return "answered"
    now = client.pull(pull)
    if not now.is_open:
        return ""
    if asked is Asked.ACCEPT:
        return _accepted(client, now, comment.author)
    run = actions.newest_run(workflow, now.head_sha)
    if run is None or run.status != "completed":
        return ""
    actions.rerun_failed(run.id)
    return f"runs again: run {run.id}"


def _accepted(client: Client, pull: PullRequest, login: str) -> str:
    state = accept(client, pull.head_sha, login)
    if state is None:
        return ""
    put_label(client, pull.number, state)
    return f"accepted {pull.head_sha}: {state.value}"
