"""What is said about a commit: a status, which a branch may require, and a check run with annotations.

Acceptance by a maintainer and a verdict may come at the same time. So both are kept as statuses of the
commit, each is written before the other is read, and whoever comes second sets what counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.errors import GitHubError
from harness.github.client import Client
from harness.github.message import Message, State

STATUS = "harness"
"""The one to require."""

TESTED = "harness/tested"
"""What the status will be once a maintainer has accepted the change; only there if that was ever open."""

ACCEPTED = "harness/accepted"
CHECK_RUN = "harness results"

_BEGUN = "this commit is being tested"
_ACCEPTED_BY = re.compile(r"accepted by @(?P<login>[A-Za-z0-9_-]+(?:\[bot\])?)")
_CONCLUSIONS = {
    State.SUCCESS: "success",
    State.FAILURE: "failure",
    State.ERROR: "failure",
    State.PENDING: "neutral",
}


def begin(client: Client, sha: str, has_ended: Callable[[], bool], *, url: str = "") -> bool:
    """Take back what was said about a commit while it is tested once more; returns whether that is so.

    One commit has one status, and it may have been proposed to another branch since. What a maintainer
    accepts meanwhile counts from the end on.

    Args:
        has_ended: asks whether the run is over: events may come late, and its end has the last word.
        url: of the run.
    """
    if has_ended():
        return False
    if client.status(sha, TESTED) is not None:
        client.set_status(sha, TESTED, State.PENDING, _BEGUN, url=url)
    client.set_status(sha, STATUS, State.PENDING, _BEGUN, url=url)
    return True


def say(client: Client, sha: str, message_for: Callable[[str], Message], *, url: str = "") -> Message:
    """Set the status of a commit; returns what was said.

    Args:
        message_for: the message, given who has accepted what the change does to the tests (empty: nobody).
        url: where the results are.
    """
    undecided, decided = message_for(""), message_for("somebody")
    # Where nobody has to look any more (the pull request goes elsewhere now), what is there is out of date.
    if undecided != decided or client.status(sha, TESTED) is not None:
        client.set_status(sha, TESTED, decided.state, decided.description, url=url)
    said = message_for(accepted_by(client, sha))
    client.set_status(sha, STATUS, said.state, said.description, url=url)
    if said == undecided != decided and (login := accepted_by(client, sha)):  # in the meantime
        said = message_for(login)
        client.set_status(sha, STATUS, said.state, said.description, url=url)
    return said


def say_in_detail(client: Client, sha: str, message: Message) -> str:
    """Make the check run; returns why there is none, empty if there is one.

    Only an app may make check runs. All that counts is in the status, so that a token of a person does.
    """
    try:
        client.add_check_run(
            sha,
            CHECK_RUN,
            _CONCLUSIONS[message.state],
            title=message.headline,
            summary=message.body,
            annotations=message.annotations,
        )
    except GitHubError as error:
        if error.status != 403:
            raise
        return str(error)
    return ""


def accepted_by(client: Client, sha: str) -> str:
    """The login of who has accepted the change at this commit; empty if nobody has."""
    status = client.status(sha, ACCEPTED)
    found = _ACCEPTED_BY.fullmatch(status.description) if status and status.state == "success" else None
    return found["login"] if found else ""


def accept(client: Client, sha: str, login: str) -> State | None:
    """Accept the change at this commit; returns what its status is then, None if there is nothing to accept.

    Only what was tested can be accepted: what is pushed while a maintainer writes the comment was not.
    """
    tested = client.status(sha, TESTED)
    if tested is None:
        return None
    client.set_status(sha, ACCEPTED, State.SUCCESS, f"accepted by @{login}")
    said = None
    while tested is not None and tested != said:  # another verdict may come at any time
        said = tested
        client.set_status(sha, STATUS, State(said.state), said.description)
        tested = client.status(sha, TESTED)
    return None if said is None else State(said.state)
