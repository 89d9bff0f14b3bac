"""Whether there is still somebody to talk to: the pull request that a finished run is about, as it is now."""

from __future__ import annotations

from harness.change import Change
from harness.errors import RefusedError
from harness.github.client import Client
from harness.github.event import Event
from harness.github.values import PullRequest


def find_subject(client: Client, change: Change | None, event: Event | None) -> PullRequest | None:
    """The open pull request whose head was tested; None if it was pushed over or closed since.

    What was tested is told by ``event`` where that is about a run: ``change`` comes out of that run, whose
    author could name the commit or the pull request of somebody else. One of the two has to be there.

    Raises:
        RefusedError: ``change`` is not about what GitHub says was tested.
    """
    if event is not None and event.run is not None:
        return _of_run(client, change, event)
    if change is None or change.pull is None:
        return None
    pull = client.pull(change.pull)
    return pull if pull.is_open and pull.head_sha == change.head_sha else None


def _of_run(client: Client, change: Change | None, event: Event) -> PullRequest | None:
    if change is not None:
        _compare("repository", change.repository.lower(), event.repository.lower())
        _compare("head_sha", change.head_sha, event.head_sha)
    owner = event.head_repository.partition("/")[0]
    pulls = client.pulls_of_head(owner, event.head_branch, event.head_sha)
    if change is None or not pulls:
        return pulls[0] if pulls else None
    for pull in pulls:  # one branch may be proposed to several
        if pull.number == change.pull:
            return pull
    raise _refused("pull", change.pull, ", ".join(f"#{pull.number}" for pull in pulls))


def _compare(field: str, said: str, true: str) -> None:
    if said != true:
        raise _refused(field, said, true)


def _refused(field: str, said: object, true: str) -> RefusedError:
    return RefusedError(f"change.json: field {field}: is {said!r}, but the run was for {true}")
