"""One issue for each subject: found by a hidden mark, changed in place, closed when it is over.

What people close while it is wanted stays closed. What we closed is opened again when it is wanted again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from harness.github.client import Client
from harness.github.values import ACTIONS, Issue

_MARK = re.compile(r"<!-- harness: issue: (?P<subject>[^\s<>]+) -->")
_OVER = "Nothing of this fails any more."


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What an issue says. The body is Markdown."""

    title: str
    body: str


def put_issues(client: Client, wanted: Mapping[str, Notice], *, author: str = ACTIONS) -> dict[str, int]:
    """Leave one issue for each subject that is wanted, and close those of all others that we opened.

    Args:
        wanted: by subject, a word without blanks and ``<>``.

    Returns:
        The number of each subject's issue.
    """
    known: dict[str, list[Issue]] = {}
    for issue in client.issues_by(author):
        if found := _MARK.match(issue.body):
            known.setdefault(found["subject"], []).append(issue)
    numbers = {
        subject: _put(client, known.pop(subject, []), subject, notice) for subject, notice in wanted.items()
    }
    _close(client, (issue for issues in known.values() for issue in issues))
    return numbers


def _put(client: Client, issues: list[Issue], subject: str, notice: Notice) -> int:
    """Change the oldest; two runs at once may have opened more."""
    body = f"<!-- harness: issue: {subject} -->\n{notice.body}"
    assert _MARK.match(body), "else it is never found again"  # noqa: S101
    if not issues:
        return client.open_issue(notice.title, body)
    first, *others = issues
    _close(client, others)
    if first.state == "closed" and first.body.endswith(_OVER):
        client.edit_issue(first.number, title=notice.title, body=body, state="open")
    elif (first.title, first.body) != (notice.title, body):
        client.edit_issue(first.number, title=notice.title, body=body)
    return first.number


def _close(client: Client, issues: Iterable[Issue]) -> None:
    for issue in issues:
        if issue.state == "open":
            client.edit_issue(issue.number, body=f"{issue.body}\n\n{_OVER}", state="closed")
