"""What happened on GitHub, out of what Actions hands to a job: variables and the file with its payload.

The shapes are GitHub's own (webhook events and payloads). Names of branches, comments and inputs are
chosen by strangers: they are text, never part of a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness import jsonio
from harness.errors import ConfigurationError, UsageError
from harness.github.payloads import (
    PAYLOADS,
    DispatchPayload,
    IssueCommentPayload,
    Payload,
    PullRequestPayload,
    PushPayload,
    WorkflowRunPart,
    WorkflowRunPayload,
)


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on an issue or pull request."""

    id: int
    body: str
    author: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Another run of a workflow, which this event is about.

    Attributes:
        workflow: the path of its file, e.g. ``.github/workflows/pull-request.yml``.
        event: what started it.
        pulls: numbers of pull requests of branches of this repository; GitHub names none of a fork's.
    """

    id: int
    attempt: int
    workflow: str
    event: str
    url: str
    pulls: tuple[int, ...] = ()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event, as far as the harness asks. What does not apply to it is empty or None.

    Attributes:
        name: as in ``GITHUB_EVENT_NAME``.
        action: what happened to its subject, e.g. ``synchronize``.
        repository: OWNER/NAME where it happened.
        pull: the number of the pull request.
        base_sha: the commit before: of the branch that a pull request goes to, or what a push replaced; empty
            for the first push of a branch.
        head_sha: the commit that it is about; empty for a comment, which names none.
        head_branch: the branch of ``head_sha``, a name that strangers choose.
        head_repository: OWNER/NAME of ``head_sha``; empty where a fork has been deleted, and for a comment.
        forced: whether a push replaced commits: ``base_sha`` may be gone.
        run: of ``workflow_run``.
        comment: of ``issue_comment``; ``pull`` is None if it is on an issue that is no pull request.
    """

    name: str
    action: str = ""
    repository: str
    pull: int | None = None
    base_sha: str = ""
    head_sha: str = ""
    head_branch: str = ""
    head_repository: str = ""
    forced: bool = False
    run: Run | None = None
    comment: Comment | None = None


def read_event(variables: Mapping[str, str]) -> Event:
    """The event that a job of GitHub Actions is about.

    Args:
        variables: of the process. ``GITHUB_SHA`` is the commit of an event whose payload names none.

    Raises:
        UsageError: a variable is missing (this is no job of GitHub Actions), or the event is not known.
        ConfigurationError: the payload is not what GitHub documents; names file and field.
    """
    name, path = (_variable(variables, name) for name in ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"))
    if name not in PAYLOADS:
        known = ", ".join(PAYLOADS)
        raise UsageError(f"GITHUB_EVENT_NAME: there is nothing to do for {name!r}; known events: {known}")
    payload = jsonio.read(Path(path), PAYLOADS[name])
    stated = variables.get("GITHUB_REPOSITORY", "")
    if stated and stated.lower() != payload.repository.full_name.lower():
        raise ConfigurationError(
            f"{path}: field repository.full_name: is {payload.repository.full_name}, but GITHUB_REPOSITORY "
            f"is {stated}; leave both as Actions sets them"
        )
    facts = {
        "action": payload.action,
        "repository": payload.repository.full_name,
        "head_sha": variables.get("GITHUB_SHA", ""),
        "head_repository": payload.repository.full_name,
    }
    return Event(name=name, **{**facts, **_subject(payload)})


def _variable(variables: Mapping[str, str], name: str) -> str:
    if value := variables.get(name, ""):
        return value
    raise UsageError(f"{name}: is not set; GitHub Actions sets it for every job")


def _subject(payload: Payload) -> dict[str, Any]:
    """What only this kind of event has."""
    if isinstance(payload, PullRequestPayload):
        pull = payload.pull_request
        return {
            "pull": pull.number,
            "base_sha": pull.base.sha,
            "head_sha": pull.head.sha,
            "head_branch": pull.head.ref,
            "head_repository": pull.head.repo.full_name if pull.head.repo else "",
        }
    if isinstance(payload, PushPayload):
        return {
            "base_sha": payload.before if payload.before.strip("0") else "",
            "head_sha": payload.after if payload.after.strip("0") else "",
            "head_branch": _branch(payload.ref),
            "forced": payload.forced,
        }
    if isinstance(payload, DispatchPayload):
        return {"head_branch": _branch(payload.ref)}
    if isinstance(payload, WorkflowRunPayload):
        return _of_run(payload.workflow_run)
    if isinstance(payload, IssueCommentPayload):
        comment, issue = payload.comment, payload.issue
        return {
            "head_sha": "",  # GITHUB_SHA is the default branch's
            "head_repository": "",
            "pull": issue.number if issue.pull_request is not None else None,
            "comment": Comment(
                id=comment.id,
                body=comment.body,
                author=comment.user.login if comment.user else "",
            ),
        }
    return {}


def _of_run(run: WorkflowRunPart) -> dict[str, Any]:
    pulls = tuple(pull.number for pull in run.pull_requests)
    return {
        "pull": pulls[0] if len(pulls) == 1 else None,
        "head_sha": run.head_sha,
        "head_branch": run.head_branch or "",
        "head_repository": run.head_repository.full_name if run.head_repository else "",
        "run": Run(
            id=run.id,
            attempt=run.run_attempt,
            workflow=run.path,
            event=run.event,
            url=run.html_url,
            pulls=pulls,
        ),
    }


def _branch(ref: str) -> str:
    return ref.removeprefix("refs/heads/")
