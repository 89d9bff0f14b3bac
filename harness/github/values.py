"""What GitHub tells, as far as the harness asks."""

from __future__ import annotations

import msgspec

ACTIONS = "github-actions[bot]"
"""Who a job of GitHub Actions is, by the token that it is given."""


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pull request.

    Attributes:
        head_sha: the commit that it proposes now.
        base_branch: the branch that it is to be merged into. GitHub also names a commit of it, but that is
            where the branch was when something was last pushed to the pull request.
        files: how many files it changes; 0 where a list of pull requests does not say.
    """

    number: int
    state: str
    head_sha: str
    base_branch: str
    files: int = 0

    @property
    def base(self) -> str:
        """That branch, as git calls it wherever a commit may be named."""
        return f"refs/heads/{self.base_branch}"

    @property
    def is_open(self) -> bool:
        """Whether it can still be merged."""
        return self.state == "open"


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a pull request changes.

    Attributes:
        path: relative to the repository.
        status: ``added``, ``modified``, ``removed``, ``renamed``, ``copied``, ``changed`` or ``unchanged``.
        old_path: what it was called before, if it was renamed.
    """

    path: str
    status: str
    old_path: str = ""


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment. ``author`` is empty where the account is gone."""

    id: int
    author: str
    body: str


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """An issue that is no pull request."""

    number: int
    author: str
    title: str
    body: str
    state: str


class CommitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody with write access says about a commit, under a name (``context``)."""

    context: str
    state: str
    description: str


class WorkflowRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of a workflow.

    Attributes:
        workflow: the path of its file.
        event: what started it.
        head_owner: who owns the repository of its commit, which may be a fork; empty if that is gone.
        status: ``completed``, or a word for what it is doing.
        conclusion: how it ended, e.g. ``cancelled``; empty until it has.
        attempt: how often it was started.
    """

    id: int
    repository: str
    workflow: str
    event: str
    head_sha: str
    head_branch: str
    head_owner: str
    status: str
    conclusion: str
    attempt: int


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has left.

    Attributes:
        run: the run that made it.
        size: bytes of its archive, as GitHub states them.
        digest: ``sha256:…`` of the archive; empty where GitHub states none.
    """

    id: int
    run: int | None
    name: str
    size: int
    expired: bool
    digest: str
