"""Whether there is still somebody to talk to: the pull request that a finished run is about, as it is now."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import NamedTuple

from harness.change import Change
from harness.github.actions import Actions
from harness.github.client import Client
from harness.github.event import Event, Run
from harness.github.values import PullRequest


class Found(NamedTuple):
    """An open pull request whose head was tested.

    Attributes:
        change: what the run says that it changes; what the event says where that is not about this run.
        beside: numbers of the other open pull requests with the same head, which share its status.
        refused: why what the run says was not believed; empty if it was.
    """

    pull: PullRequest
    change: Change
    beside: tuple[int, ...] = ()
    refused: str = ""


def find_subject(client: Client, change: Change | None, event: Event | None) -> Found | None:
    """The open pull request whose head was tested; None if it was pushed over or closed since.

    What was tested is told by ``event`` where that is about a run: ``change`` comes out of that run, whose
    author could name the commit or the pull request of somebody else. One of the two has to be there.
    """
    if event is not None and event.run is not None:
        return _of_run(client, change, event)
    if change is None or change.pull is None:
        return None
    pull = client.pull(change.pull)
    return _found(client, pull, change) if pull.head_sha == change.head_sha else None


def is_over(actions: Actions, run: Run) -> bool:
    """Whether a run has the last word: it was not started again, nor cancelled for a newer one of its commit.

    Whoever edits the title of a pull request, say, has it tested again: the run before is cancelled.
    """
    now = actions.run(run.id)
    if now.status != "completed" or now.attempt > run.attempt:
        return False
    if now.conclusion != "cancelled":
        return True
    newest = actions.newest_run(PurePosixPath(now.workflow).name, now.head_sha)
    return newest is None or newest.id == now.id


def _of_run(client: Client, change: Change | None, event: Event) -> Found | None:
    owner = event.head_repository.partition("/")[0]
    pulls = client.pulls_of_head(owner, event.head_branch, event.head_sha)
    if not pulls:
        return None
    refused = _difference(change, event, pulls) if change is not None else ""
    number = pulls[0].number
    if change is not None and not refused:
        number = change.pull or number
    pull = client.pull(number)  # a list does not say how many files there are
    if change is None or refused:
        change = Change(
            event="pull_request", repository=event.repository, pull=number, head_sha=event.head_sha
        )
    return _found(client, pull, change, refused) if pull.head_sha == event.head_sha else None


def _found(client: Client, pull: PullRequest, change: Change, refused: str = "") -> Found | None:
    if not pull.is_open:
        return None
    same = client.pulls_of_head("", "", pull.head_sha)
    beside = tuple(sorted(other.number for other in same if other.number != pull.number))
    return Found(pull, change, beside, refused)


def _difference(change: Change, event: Event, pulls: list[PullRequest]) -> str:
    """In which field a change is not about what GitHub says was tested, as a sentence; empty if in none."""
    numbers = ", ".join(f"#{pull.number}" for pull in pulls)  # one branch may be proposed to several
    if change.repository.lower() != event.repository.lower():
        return _sentence("repository", change.repository, event.repository)
    if change.head_sha != event.head_sha:
        return _sentence("head_sha", change.head_sha, event.head_sha)
    if change.pull not in {pull.number for pull in pulls}:
        return _sentence("pull", change.pull, numbers)
    return ""


def _sentence(field: str, said: object, true: str) -> str:
    return f"change.json: field {field}: is {said!r}, but the run was for {true}"
