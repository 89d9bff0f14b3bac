"""What happens on GitHub, as the context ``github`` has it, and which workflows it starts."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Any

from tests.github.workflows.sources import Source

REPOSITORY = "bioimage-io/collection"
_HEAD, _BASE = "2" * 40, "3" * 40


def event(name: str, **payload: Any) -> dict[str, Any]:
    """The context ``github`` of an event."""
    repository = {"full_name": REPOSITORY, "default_branch": "main"}
    return {
        "event_name": name,
        "repository": REPOSITORY,
        "sha": _BASE,
        "ref": "refs/heads/main",
        "run_attempt": "1",
        "token": "a token",
        "event": {"repository": repository, **payload},
    }


def pull_request(number: int = 42, *, fork: bool = False) -> dict[str, Any]:
    """A push to a pull request."""
    head = {
        "ref": "new",
        "sha": _HEAD,
        "repo": {"full_name": "stranger/fork" if fork else REPOSITORY, "fork": fork},
    }
    pull = {"number": number, "head": head, "base": {"ref": "main", "sha": _BASE}}
    return {
        **event("pull_request", action="synchronize", number=number, pull_request=pull),
        "ref": f"refs/pull/{number}/merge",
        "base_ref": "main",
        "head_ref": "new",
    }


def push(branch: str) -> dict[str, Any]:
    """A push to a branch."""
    return {**event("push", before=_BASE, after=_HEAD), "ref": f"refs/heads/{branch}", "sha": _HEAD}


def workflow_run(workflow: str, of: str, action: str = "completed", *, number: int = 1) -> dict[str, Any]:
    """A run that has ended, or done what ``action`` says; ``of`` is the event that had started it."""
    run = {
        "id": number,
        "name": workflow,
        "event": of,
        "head_branch": "new",
        "head_sha": _HEAD,
        "head_repository": {"full_name": "stranger/fork"},
        "conclusion": "success",
    }
    return event("workflow_run", action=action, workflow_run=run)


def comment(body: str, *, number: int = 1, on_pull: bool = True) -> dict[str, Any]:
    """A new comment."""
    issue = {"number": 42, **({"pull_request": {"url": "https://api.github.com"}} if on_pull else {})}
    return event("issue_comment", action="created", issue=issue, comment={"id": number, "body": body})


def starts(source: Source, github: Mapping[str, Any]) -> bool:
    """Whether an event starts a workflow."""
    name, payload = github["event_name"], github["event"]
    if name not in source.events:
        return False
    if name == "schedule":
        return payload["schedule"] in [each["cron"] for each in source.events[name]]
    filters = source.events[name] or {}
    if "workflows" in filters and payload["workflow_run"]["name"] not in filters["workflows"]:
        return False
    branch = github["ref"].removeprefix("refs/heads/")
    if "branches" in filters and not any(fnmatch.fnmatch(branch, each) for each in filters["branches"]):
        return False
    return payload.get("action") in filters.get("types", [payload.get("action")])
