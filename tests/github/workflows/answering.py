"""GitHub as it is after a run (pull request, jobs, and what they have left), and after a comment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.github.double import State
from tests.github.double.server import TOKEN
from tests.github.double.state import Run as RunAtGitHub
from tests.github.test_event import PAYLOADS
from tests.github.workflows.events import REPOSITORY, event
from tests.github.workflows.repositories import git
from tests.github.workflows.runner import Run

_STATUS = {"A": "added", "D": "removed", "M": "modified"}


def tell(state: State, run: Run, repository: Path) -> dict[str, Any]:
    """Let the double know of a run for a pull request; answers the context ``github`` of its end."""
    happened = run.github["event"]
    pull, number = happened["pull_request"], happened["number"]
    head, base = pull["head"], pull["base"]
    owner = head["repo"]["full_name"].partition("/")[0]
    there = state.add_pull(number, head["sha"])
    there.base_sha, there.base, there.head = base["sha"], base["ref"], f"{owner}:{head['ref']}"
    there.files = _files(repository, base["sha"], head["sha"])
    for name, commit in ((f"refs/heads/{base['ref']}", base["sha"]), (head["sha"], head["sha"])):
        names = git(repository, "ls-tree", "-r", "--name-only", commit).splitlines()
        for path in (path for path in names if path.endswith((".toml", ".yaml"))):
            state.contents[name, path] = git(repository, "show", f"{commit}:{path}").encode()
    id_ = int(run.github["run_id"])
    state.runs[id_] = RunAtGitHub(
        id=id_,
        head_sha=head["sha"],
        head_branch=head["ref"],
        head_owner=owner,
        jobs=list(dict.fromkeys(step.job for step in run.steps)),
        conclusion="success" if all(step.ok for step in run.steps) else "failure",
    )
    for archive in sorted(run.artifacts.glob("*.zip")):
        state.add_artifact(id_, archive.stem, archive.read_bytes())
    return _ended(state.runs[id_], head)


def comments(state: State, number: int, author: str, body: str) -> dict[str, Any]:
    """Somebody comments on a pull request; answers the context ``github`` of that."""
    made = state.add_comment(number, author, body)
    payload = json.loads((PAYLOADS / "issue_comment.json").read_bytes())
    payload["issue"]["number"] = number
    payload["comment"] |= {"id": made.id, "body": body, "user": {"login": author}}
    payload["sender"]["login"] = author
    return {**event("issue_comment"), "event": payload, "token": TOKEN}


def _files(repository: Path, base: str, head: str) -> list[tuple[str, str]]:
    lines = git(repository, "diff", "--no-renames", "--name-status", f"{base}...{head}").splitlines()
    return [(path, _STATUS[letter]) for letter, path in (line.split("\t") for line in lines)]


def _ended(run: RunAtGitHub, head: Mapping[str, Any]) -> dict[str, Any]:
    ended = {
        "id": run.id,
        "name": "pull request",
        "run_attempt": 1,
        "path": ".github/workflows/pull-request.yml",
        "event": "pull_request",
        "status": "completed",
        "conclusion": run.conclusion,
        "html_url": f"https://github.com/{REPOSITORY}/actions/runs/{run.id}",
        "head_branch": head["ref"],
        "head_sha": head["sha"],
        "head_repository": head["repo"],
        "pull_requests": [],
    }
    happened = event("workflow_run", action="completed", sender={"login": "stranger"}, workflow_run=ended)
    return {**happened, "token": TOKEN}
