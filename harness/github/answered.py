"""From GitHub's JSON to our values: only the fields that are asked for have to be there."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from harness.errors import GitHubError
from harness.github import values

T = TypeVar("T")


class User(msgspec.Struct):
    """An account."""

    login: str


class _Head(msgspec.Struct):
    sha: str


class _Base(msgspec.Struct):
    ref: str


class Pull(msgspec.Struct):
    """``pull-request`` and ``pull-request-simple``."""

    number: int
    state: str
    head: _Head
    base: _Base
    changed_files: int = 0

    def value(self) -> values.PullRequest:
        """As ours."""
        return values.PullRequest(
            number=self.number,
            state=self.state,
            head_sha=self.head.sha,
            base_branch=self.base.ref,
            files=self.changed_files,
        )


class File(msgspec.Struct):
    """``diff-entry``."""

    filename: str
    status: str
    previous_filename: str = ""

    def value(self) -> values.ChangedFile:
        """As ours."""
        return values.ChangedFile(path=self.filename, status=self.status, old_path=self.previous_filename)


class Content(msgspec.Struct):
    """``content-file``."""

    type: str
    size: int
    encoding: str = ""
    content: str = ""


class _TreeEntry(msgspec.Struct):
    path: str
    type: str


class Tree(msgspec.Struct):
    """``git-tree``."""

    tree: list[_TreeEntry]
    truncated: bool

    @property
    def files(self) -> list[str]:
        """Files and links, without folders and submodules."""
        return [entry.path for entry in self.tree if entry.type == "blob"]


class Comment(msgspec.Struct):
    """``issue-comment``."""

    id: int
    user: User | None = None
    body: str | None = None

    def value(self) -> values.Comment:
        """As ours."""
        return values.Comment(id=self.id, author=_login(self.user), body=self.body or "")


class Issue(msgspec.Struct):
    """``issue``, which a pull request is, too."""

    number: int
    title: str
    state: str
    user: User | None = None
    body: str | None = None
    pull_request: Any = None

    def value(self) -> values.Issue:
        """As ours."""
        return values.Issue(
            number=self.number,
            author=_login(self.user),
            title=self.title,
            body=self.body or "",
            state=self.state,
        )


class Status(msgspec.Struct):
    """``status``."""

    context: str
    state: str
    description: str | None = None

    def value(self) -> values.CommitStatus:
        """As ours."""
        return values.CommitStatus(context=self.context, state=self.state, description=self.description or "")


class _Repository(msgspec.Struct):
    full_name: str


class _HeadRepository(msgspec.Struct):
    owner: User | None = None


class Run(msgspec.Struct):
    """``workflow-run``."""

    id: int
    repository: _Repository
    path: str
    event: str
    head_sha: str
    head_branch: str | None = None
    head_repository: _HeadRepository | None = None
    status: str | None = None
    conclusion: str | None = None
    run_attempt: int = 1

    def value(self) -> values.WorkflowRun:
        """As ours. GitHub may write ``@`` and a branch after the path of a workflow."""
        return values.WorkflowRun(
            id=self.id,
            repository=self.repository.full_name,
            workflow=self.path.partition("@")[0],
            event=self.event,
            head_sha=self.head_sha,
            head_branch=self.head_branch or "",
            head_owner=_login(self.head_repository.owner if self.head_repository else None),
            status=self.status or "",
            conclusion=self.conclusion or "",
            attempt=self.run_attempt,
        )


class _MadeBy(msgspec.Struct):
    id: int | None = None


class Artifact(msgspec.Struct):
    """``artifact``."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool
    digest: str | None = None
    workflow_run: _MadeBy | None = None

    def value(self) -> values.Artifact:
        """As ours."""
        return values.Artifact(
            id=self.id,
            run=self.workflow_run.id if self.workflow_run else None,
            name=self.name,
            size=self.size_in_bytes,
            expired=self.expired,
            digest=self.digest or "",
        )


class Named(msgspec.Struct):
    """A job, or a label."""

    name: str


class Numbered(msgspec.Struct):
    """A check run, as far as it matters."""

    id: int


class Permission(msgspec.Struct):
    """``repository-collaborator-permission``."""

    permission: str


def read(answer: Any, kind: type[T]) -> T:
    """GitHub's answer as ``kind``; raises GitHubError with the field that is wrong."""
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise GitHubError(f"GitHub: an answer ({kind.__name__}) is not what it should be: {error}") from error


def _login(user: User | None) -> str:
    return user.login if user else ""
