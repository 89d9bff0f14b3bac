"""What the harness asks of GitHub and says there: pull requests, comments, statuses, checks, labels, issues.

Every method raises GitHubError, as :class:`harness.github.session.Api` does.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from harness.errors import GitHubError, NotHandedOverError
from harness.github import answered
from harness.github.message import Annotation, State
from harness.github.session import Api
from harness.github.values import ChangedFile, Comment, CommitStatus, Issue, PullRequest

MOST_FILES = 3_000
"""GitHub lists no more files of a pull request, and does not say so."""

LARGEST_FILE = 1_000_000
"""Bytes. GitHub hands over no more in an answer."""

_ANNOTATIONS = 50  # in one request
_WRITERS = frozenset({"admin", "write"})  # "maintain" and roles of an organisation are told as one of them


class Client:
    """One repository."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def pull(self, number: int) -> PullRequest:
        """A pull request as it is now."""
        return answered.read(self._api.get("pulls", number), answered.Pull).value()

    def pulls_of_head(self, owner: str, branch: str, sha: str) -> list[PullRequest]:
        """Open pull requests from this branch whose head is this commit.

        Args:
            owner: who has the branch, maybe in a fork; empty where that is gone, and any branch will do.
        """
        head = {"head": f"{owner}:{branch}"} if owner else {}
        found = self._api.each("pulls", state="open", **head)
        pulls = (answered.read(item, answered.Pull).value() for item in found)
        return [pull for pull in pulls if pull.head_sha == sha]

    def files(self, pull: PullRequest) -> list[ChangedFile]:
        """The files that a pull request changes; where they are ``MOST_FILES``, there may be more."""
        items = self._api.each("pulls", pull.number, "files")
        files = [answered.read(item, answered.File).value() for item in items]
        if len(files) < min(pull.files, MOST_FILES):
            raise self._api.failed(
                f"pull request {pull.number} changes {pull.files:,} files, and only {len(files):,} are listed"
            )
        return files

    def content(self, path: str, commit: str, *, limit: int = LARGEST_FILE) -> bytes | None:
        """A file as it is in a commit, or in a branch (``refs/heads/NAME``) now; None if there is none.

        A link, or a file that is too large, is a NotHandedOverError.
        """
        try:
            answer = self._api.get("contents", path, ref=commit)
        except GitHubError as error:
            if error.status == 404:
                return None
            raise
        if isinstance(answer, list):  # a folder
            return None
        found = answered.read(answer, answered.Content)
        if found.type != "file" or found.encoding != "base64" or found.size > limit:
            raise NotHandedOverError(f"{path} in {commit}: is no file of at most {limit:,} bytes")
        return base64.b64decode(found.content)

    def paths(self, commit: str) -> list[str]:
        """Every file of a commit; more than GitHub lists at once are a NotHandedOverError."""
        found = answered.read(self._api.get("git", "trees", commit, recursive="1"), answered.Tree)
        if found.truncated:
            raise NotHandedOverError(f"commit {commit}: has more files than GitHub lists, about 100,000")
        return found.files

    def comments(self, number: int) -> list[Comment]:
        """All comments on an issue or pull request, the oldest first."""
        items = self._api.each("issues", number, "comments")
        comments = [answered.read(item, answered.Comment).value() for item in items]
        return sorted(comments, key=lambda comment: comment.id)

    def add_comment(self, number: int, body: str) -> Comment:
        """Make a comment."""
        answer = self._api.post("issues", number, "comments", body={"body": body})
        return answered.read(answer, answered.Comment).value()

    def edit_comment(self, comment: int, body: str) -> None:
        """Replace the text of a comment; the error has status 404 where it is gone."""
        self._api.patch("issues", "comments", comment, body={"body": body})

    def delete_comment(self, comment: int) -> None:
        """Delete a comment; one that is gone already is as good."""
        self._api.delete("issues", "comments", comment)

    def react(self, comment: int, content: str) -> None:
        """Put a reaction, e.g. ``+1`` or ``confused``, below a comment. It may be there already."""
        self._api.post("issues", "comments", comment, "reactions", body={"content": content})

    def set_status(self, sha: str, context: str, state: State, description: str, *, url: str = "") -> None:
        """Say something about a commit, at most 140 characters; it replaces what was said under that name."""
        body = {"state": state.value, "context": context, "description": description}
        self._api.post("statuses", sha, body={**body, "target_url": url} if url else body)

    def status(self, sha: str, context: str) -> CommitStatus | None:
        """What counts of what was said under a name."""
        items = self._api.each("commits", sha, "statuses")  # the newest first
        statuses = (answered.read(item, answered.Status).value() for item in items)
        return next((status for status in statuses if status.context == context), None)

    def add_check_run(
        self,
        sha: str,
        name: str,
        conclusion: str,
        *,
        title: str,
        summary: str,
        annotations: Sequence[Annotation],
    ) -> None:
        """Make a completed check run. GitHub shows the newest of a name.

        Annotations come in portions, as many as GitHub takes at once; the conclusion with the first.
        """
        output = {"title": title, "summary": summary}
        portions = list(_portions([_annotation(one) for one in annotations]))
        body = {"name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion}
        first = {**output, "annotations": portions[0]} if portions else output
        answer = self._api.post("check-runs", body={**body, "output": first})
        run = answered.read(answer, answered.Numbered).id
        for portion in portions[1:]:
            self._api.patch("check-runs", run, body={"output": {**output, "annotations": portion}})

    def labels(self, number: int) -> set[str]:
        """The names of the labels of an issue or pull request."""
        items = self._api.each("issues", number, "labels")
        return {answered.read(item, answered.Named).name for item in items}

    def add_label(self, number: int, name: str, *, colour: str, description: str) -> None:
        """Put a label on an issue or pull request; it is made with this colour if the repository has none."""
        try:
            self._api.post("labels", body={"name": name, "color": colour, "description": description})
        except GitHubError as error:
            if error.status != 422:  # it is there
                raise
        self._api.post("issues", number, "labels", body={"labels": [name]}, status=200)

    def remove_label(self, number: int, name: str) -> None:
        """Take a label off; one that is off already is as good."""
        self._api.delete("issues", number, "labels", name)

    def issues_by(self, author: str) -> list[Issue]:
        """All issues that somebody has opened, closed ones, too, the oldest first; no pull requests."""
        items = self._api.each("issues", state="all", creator=author, sort="created", direction="asc")
        issues = (answered.read(item, answered.Issue) for item in items)
        return [issue.value() for issue in issues if issue.pull_request is None]

    def open_issue(self, title: str, body: str) -> int:
        """Open an issue; returns its number."""
        answer = self._api.post("issues", body={"title": title, "body": body})
        return answered.read(answer, answered.Issue).number

    def edit_issue(self, number: int, **fields: str) -> None:
        """Change ``title``, ``body`` or ``state`` (``open`` or ``closed``)."""
        self._api.patch("issues", number, body=fields)

    def may_write(self, login: str) -> bool:
        """Whether somebody may push to the repository."""
        answer = self._api.get("collaborators", login, "permission")
        return answered.read(answer, answered.Permission).permission in _WRITERS


def _annotation(annotation: Annotation) -> dict[str, str | int]:
    return {
        "path": annotation.path,
        "start_line": annotation.start_line,
        "end_line": annotation.start_line,
        "annotation_level": annotation.level.value,
        "title": annotation.title,
        "message": annotation.message,
    }


def _portions(items: list[dict[str, str | int]]) -> Iterator[list[dict[str, str | int]]]:
    for start in range(0, len(items), _ANNOTATIONS):
        yield items[start : start + _ANNOTATIONS]
