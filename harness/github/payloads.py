"""The payloads of events as GitHub documents them (webhook events and payloads), as far as they are read.

Fields that are not listed are ignored; one that is missing or has another type is refused by its name.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec

Sha: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")]
Repository: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]+/[A-Za-z0-9._-]+\Z")]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]


class RepositoryPart(msgspec.Struct):
    full_name: Repository


class UserPart(msgspec.Struct):
    login: str


class Payload(msgspec.Struct):
    """What the payloads of all events have."""

    repository: RepositoryPart
    action: str = ""


class RefPart(msgspec.Struct):
    ref: str
    sha: Sha
    repo: RepositoryPart | None = None


class PullPart(msgspec.Struct):
    number: Number
    head: RefPart
    base: RefPart


class PullRequestPayload(Payload, kw_only=True):
    pull_request: PullPart


class PushPayload(Payload, kw_only=True):
    ref: str
    before: Sha
    after: Sha
    forced: bool = False


class SchedulePayload(Payload, kw_only=True):
    schedule: str


class DispatchPayload(Payload, kw_only=True):
    ref: str


class PullOfRunPart(msgspec.Struct):
    number: Number


class WorkflowRunPart(msgspec.Struct):
    id: Number
    run_attempt: Number
    path: str
    event: str
    head_sha: Sha
    html_url: str
    head_branch: str | None = None
    head_repository: RepositoryPart | None = None
    pull_requests: list[PullOfRunPart] = []


class WorkflowRunPayload(Payload, kw_only=True):
    workflow_run: WorkflowRunPart


class IssuePart(msgspec.Struct):
    number: Number
    pull_request: dict[str, Any] | None = None


class CommentPart(msgspec.Struct):
    id: int
    body: str
    user: UserPart | None = None


class IssueCommentPayload(Payload, kw_only=True):
    issue: IssuePart
    comment: CommentPart


PAYLOADS: dict[str, type[Payload]] = {
    "issue_comment": IssueCommentPayload,
    "pull_request": PullRequestPayload,
    "pull_request_target": PullRequestPayload,
    "push": PushPayload,
    "schedule": SchedulePayload,
    "workflow_dispatch": DispatchPayload,
    "workflow_run": WorkflowRunPayload,
}
