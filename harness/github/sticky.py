"""One comment for each pull request: found by a hidden mark, changed in place.

The mark counts only in what we have written ourselves: anybody can write it. Two runs at once may both find
nothing and both write; so whoever writes looks again, and the oldest one stays.
"""

from __future__ import annotations

from harness.errors import GitHubError
from harness.github.client import Client
from harness.github.message import MARK
from harness.github.values import ACTIONS, Comment

_GONE = 404
_LATEST_TRY = 3


def put_comment(client: Client, number: int, body: str, *, author: str = ACTIONS) -> int:
    """Leave one comment of ours, with this text; returns its id. ``body`` begins with the mark."""
    assert body.startswith(MARK), "else it is never found again"  # noqa: S101
    for _ in range(_LATEST_TRY):
        ours = _ours(client, number, author)
        if not ours:
            client.add_comment(number, body)
            ours = _ours(client, number, author)
        if not ours:
            continue  # deleted by hand this very moment
        first, *others = ours
        for other in others:
            client.delete_comment(other.id)
        if first.body == body or _edited(client, first.id, body):
            return first.id
    raise GitHubError(f"GitHub: the comment on #{number} is deleted as soon as it is made; nothing was said")


def _ours(client: Client, number: int, author: str) -> list[Comment]:
    """The oldest first."""
    return [one for one in client.comments(number) if one.author == author and one.body.startswith(MARK)]


def _edited(client: Client, comment: int, body: str) -> bool:
    """Whether it was still there."""
    try:
        client.edit_comment(comment, body)
    except GitHubError as error:
        if error.status != _GONE:
            raise
        return False
    return True
