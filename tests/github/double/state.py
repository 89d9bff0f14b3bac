"""What there is on the double: one repository, plain values, changed by requests and by tests."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import itertools
import zipfile
from collections.abc import Mapping

OWNER, NAME = "bioimage-io", "collection"
REPOSITORY = f"{OWNER}/{NAME}"
BOT = "github-actions[bot]"


@dataclasses.dataclass(kw_only=True)
class Pull:
    """A pull request."""

    number: int
    head_sha: str
    base_sha: str = "b" * 40
    base: str = "main"
    head: str = "contributor:new-model"
    state: str = "open"
    files: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # path, status
    labels: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(kw_only=True)
class Comment:
    """A comment; ``author`` is None where the account is gone."""

    id: int
    issue: int
    author: str | None
    body: str
    reactions: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(kw_only=True)
class Issue:
    """An issue."""

    number: int
    author: str
    title: str
    body: str
    state: str = "open"
    labels: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(kw_only=True)
class Status:
    """A commit status."""

    sha: str
    context: str
    state: str
    description: str
    author: str
    target_url: str | None = None


@dataclasses.dataclass(kw_only=True)
class CheckRun:
    """A check run, with all annotations that were sent."""

    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    output: dict[str, str]
    annotations: list[dict[str, object]]


@dataclasses.dataclass(kw_only=True)
class Artifact:
    """What a run has left."""

    id: int
    run: int
    name: str
    data: bytes
    expired: bool = False
    size: int | None = None  # as it is stated; None for the truth
    digest: str | None = None  # as it is stated; None for the truth

    @property
    def sha256(self) -> str:
        """As GitHub states it."""
        return self.digest or f"sha256:{hashlib.sha256(self.data).hexdigest()}"


@dataclasses.dataclass(kw_only=True)
class Run:
    """A run of a workflow."""

    id: int
    head_sha: str
    head_branch: str = "new-model"
    head_owner: str = "contributor"
    event: str = "pull_request"
    path: str = ".github/workflows/pull-request.yml"
    status: str = "completed"
    conclusion: str | None = "failure"
    attempt: int = 1
    jobs: list[str] = dataclasses.field(default_factory=list)
    reruns: int = 0


class State:
    """Everything; a number or id is given once only."""

    def __init__(self) -> None:
        self.me = BOT
        self.pulls: dict[int, Pull] = {}
        self.comments: dict[int, Comment] = {}
        self.issues: dict[int, Issue] = {}
        self.statuses: list[Status] = []
        self.check_runs: dict[int, CheckRun] = {}
        self.artifacts: list[Artifact] = []
        self.runs: dict[int, Run] = {}
        self.labels: dict[str, str] = {}  # name: colour
        self.permissions: dict[str, str] = {}
        self.may_write_checks = True
        self.contents: dict[tuple[str, str], bytes] = {}  # by commit or refs/heads/BRANCH, and path
        self._ids = itertools.count(1001)

    def new_id(self) -> int:
        """One that nothing has yet."""
        return next(self._ids)

    def add_pull(self, number: int, head_sha: str, *paths: str) -> Pull:
        """A pull request that adds these files."""
        files = [(path, "added") for path in paths]
        self.pulls[number] = Pull(number=number, head_sha=head_sha, files=files)
        return self.pulls[number]

    def add_comment(self, issue: int, author: str | None, body: str) -> Comment:
        """A comment of anyone."""
        comment = Comment(id=self.new_id(), issue=issue, author=author, body=body)
        self.comments[comment.id] = comment
        return comment

    def add_artifact(self, run: int, name: str, files: Mapping[str, bytes] | bytes) -> Artifact:
        """An artifact with these files, or of these bytes."""
        artifact = Artifact(
            id=self.new_id(), run=run, name=name, data=files if isinstance(files, bytes) else zipped(files)
        )
        self.artifacts.append(artifact)
        return artifact

    def comments_of(self, issue: int) -> list[Comment]:
        """In the order in which they were made."""
        return [comment for comment in self.comments.values() if comment.issue == issue]

    def newest_status(self, sha: str, context: str) -> Status | None:
        """The one that counts."""
        meant = [status for status in self.statuses if (status.sha, status.context) == (sha, context)]
        return meant[-1] if meant else None


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()
