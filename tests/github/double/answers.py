"""What there is, in GitHub's own shapes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.github.double.sample import sample
from tests.github.double.state import (
    NAME,
    OWNER,
    REPOSITORY,
    Artifact,
    CheckRun,
    Comment,
    Issue,
    Pull,
    Run,
    Status,
)

Json = dict[str, Any]
DESCRIPTION = Path(__file__).with_name("github.json")


@cache
def description() -> Json:
    """GitHub's description of the API."""
    loaded: Json = json.loads(DESCRIPTION.read_bytes())
    return loaded


def _made(schema: str, fields: Mapping[str, Any]) -> Json:
    return sample(description(), schema, fields)


def user(login: str) -> Json:
    """An account."""
    return _made("simple-user", {"login": login})


def pull(value: Pull, *, short: bool) -> Json:
    """A pull request, alone or in a list."""
    owner, ref = value.head.split(":")
    fork = _made("repository", {"name": NAME, "full_name": f"{owner}/{NAME}", "owner": user(owner)})
    fields: Json = {
        "number": value.number,
        "state": value.state,
        "head": {
            "label": value.head,
            "ref": ref,
            "sha": value.head_sha,
            "user": user(owner),
            "repo": fork,
        },
        "base": {"ref": value.base, "sha": value.base_sha, "user": user(OWNER)},
        "user": user(owner),
    }
    if short:
        return _made("pull-request-simple", fields)
    return _made("pull-request", {**fields, "changed_files": len(value.files)})


def file(path: str, status: str) -> Json:
    """A changed file."""
    old = {"previous_filename": f"old/{path}"} if status == "renamed" else {}
    return _made("diff-entry", {"filename": path, "status": status, **old})


def content(path: str, data: bytes) -> Json:
    """A file of a commit; a large one without its bytes."""
    large = len(data) > 1_000_000
    text = "" if large else base64.encodebytes(data).decode()
    fields = {"encoding": "none" if large else "base64", "content": text, "size": len(data), "type": "file"}
    return _made("content-file", {**fields, "path": path, "name": path.rpartition("/")[2]})


MOST_LISTED = 100_000


def tree(sha: str, paths: list[str]) -> Json:
    """The files of a commit, as many as GitHub lists."""
    entries = [{"path": path, "mode": "100644", "type": "blob", "sha": sha} for path in paths[:MOST_LISTED]]
    return _made("git-tree", {"sha": sha, "tree": entries, "truncated": len(paths) > MOST_LISTED})


def comment(value: Comment) -> Json:
    """A comment."""
    return _made(
        "issue-comment",
        {
            "id": value.id,
            "body": value.body,
            "user": None if value.author is None else user(value.author),
        },
    )


def issue(value: Issue) -> Json:
    """An issue."""
    return _made(
        "issue",
        {
            "number": value.number,
            "title": value.title,
            "body": value.body,
            "state": value.state,
            "user": user(value.author),
            "labels": list(value.labels),
        },
    )


def pull_as_issue(value: Pull) -> Json:
    """As GitHub lists pull requests among issues."""
    address = "https://github.example/pull"
    link = {"diff_url": address, "html_url": address, "patch_url": address, "url": address}
    return _made("issue", {"number": value.number, "user": user("contributor"), "pull_request": link})


def label(name: str, colour: str) -> Json:
    """A label."""
    return _made("label", {"name": name, "color": colour})


def status(value: Status) -> Json:
    """A commit status."""
    return _made(
        "status",
        {
            "state": value.state,
            "context": value.context,
            "description": value.description,
            "target_url": value.target_url,
            "creator": user(value.author),
        },
    )


def check_run(value: CheckRun) -> Json:
    """A check run."""
    return _made(
        "check-run",
        {
            "id": value.id,
            "name": value.name,
            "head_sha": value.head_sha,
            "status": value.status,
            "conclusion": value.conclusion,
            "output": {**value.output, "annotations_count": len(value.annotations)},
        },
    )


def artifact(value: Artifact, *, head_sha: str) -> Json:
    """An artifact, without its bytes."""
    return _made(
        "artifact",
        {
            "id": value.id,
            "name": value.name,
            "size_in_bytes": len(value.data) if value.size is None else value.size,
            "expired": value.expired,
            "digest": value.sha256,
            "workflow_run": {"id": value.run, "head_sha": head_sha},
        },
    )


def run(value: Run) -> Json:
    """A run of a workflow."""
    fields = {
        "id": value.id,
        "head_sha": value.head_sha,
        "head_branch": value.head_branch,
        "event": value.event,
        "path": value.path,
        "status": value.status,
        "conclusion": value.conclusion,
        "run_attempt": value.attempt,
        "pull_requests": [],
        "repository": {"full_name": REPOSITORY},
        "head_repository": {"owner": user(value.head_owner)},
    }
    return _made("workflow-run", fields)


def job(run_id: int, number: int, name: str) -> Json:
    """A job of a run."""
    return _made("job", {"id": number, "run_id": run_id, "name": name})


def permission(word: str) -> Json:
    """What somebody may do."""
    return _made("repository-collaborator-permission", {"permission": word, "role_name": word})


def reaction(content: str) -> Json:
    """A reaction."""
    return _made("reaction", {"content": content})
