"""Events as GitHub documents their payloads, trimmed to what matters and a few fields around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigurationError, UsageError
from harness.github.event import Comment, Event, Run, read_event

PAYLOADS = Path(__file__).parent / "payloads"
ZOO = "bioimage-io/collection"
BASE, HEAD = "3" * 40, "2" * 40


def event_of(name: str, payload: str = "", **variables: str) -> Event:
    path = PAYLOADS / f"{payload or name}.json"
    return read_event({"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path), **variables})


def changed(tmp_path: Path, payload: str, change: dict[str, Any]) -> str:
    content = json.loads((PAYLOADS / f"{payload}.json").read_bytes())
    for place, value in change.items():
        *parents, last = place.split(".")
        within = content
        for parent in parents:
            within = within[parent]
        within[last] = value
    path = tmp_path / "event.json"
    path.write_text(json.dumps(content))
    return str(path)


def test_a_pull_request_of_a_fork() -> None:
    event = event_of("pull_request", "pull_request-fork", GITHUB_SHA="9" * 40, GITHUB_REPOSITORY=ZOO)
    assert event == Event(
        name="pull_request",
        action="synchronize",
        repository=ZOO,
        pull=42,
        base_sha=BASE,
        head_sha=HEAD,  # not the merge that GITHUB_SHA names
        head_branch="main",
        head_repository="stranger/collection",
    )


def test_a_pull_request_of_a_branch_with_any_name() -> None:
    event = event_of("pull_request", "pull_request-branch")
    assert (event.pull, event.head_branch) == (43, 'lock-"$(id)"')


def test_a_fork_that_was_deleted_is_still_a_fork(tmp_path: Path) -> None:
    path = changed(tmp_path, "pull_request-fork", {"pull_request.head.repo": None})
    event = read_event({"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_EVENT_PATH": path})
    assert event.head_repository == ""


def test_a_push() -> None:
    event = event_of("push")
    assert (event.base_sha, event.head_sha, event.head_branch) == (BASE, "5" * 40, "main")
    assert not event.forced
    assert event.pull is None


def test_the_first_push_of_a_branch_has_no_base(tmp_path: Path) -> None:
    path = changed(tmp_path, "push", {"before": "0" * 40, "created": True})
    assert read_event({"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": path}).base_sha == ""


@pytest.mark.parametrize("name", ["schedule", "workflow_dispatch"])
def test_what_names_no_commit_is_about_the_one_of_the_job(name: str) -> None:
    event = event_of(name, GITHUB_SHA="6" * 40)
    assert (event.base_sha, event.head_sha, event.repository) == ("", "6" * 40, ZOO)


def test_another_run() -> None:
    event = event_of("workflow_run", GITHUB_SHA="6" * 40)
    assert event.run == Run(
        id=11598372113,
        attempt=2,
        workflow=".github/workflows/pull-request.yml",
        event="pull_request",
        url="https://github.com/bioimage-io/collection/actions/runs/11598372113",
    )
    assert (event.head_sha, event.head_repository) == (HEAD, "stranger/collection")
    assert event.pull is None, "GitHub does not name a fork's pull request"


def test_another_run_of_a_branch_names_its_pull_request(tmp_path: Path) -> None:
    path = changed(tmp_path, "workflow_run", {"workflow_run.pull_requests": [{"number": 43, "id": 1}]})
    assert read_event({"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": path}).pull == 43


def test_a_comment_on_a_pull_request() -> None:
    event = event_of("issue_comment", GITHUB_SHA="6" * 40)
    assert (event.pull, event.head_sha) == (42, ""), "GITHUB_SHA is that of the default branch"
    assert event.comment == Comment(id=2447183211, body="/harness accept\r\n", author="maintainer")


def test_a_comment_on_an_issue_is_about_no_pull_request(tmp_path: Path) -> None:
    path = changed(tmp_path, "issue_comment", {"issue.pull_request": None})
    event = read_event({"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_EVENT_PATH": path})
    assert event.pull is None
    assert event.comment is not None


def test_outside_of_actions() -> None:
    with pytest.raises(UsageError, match="GITHUB_EVENT_NAME: is not set"):
        read_event({})
    with pytest.raises(UsageError, match="GITHUB_EVENT_PATH: is not set"):
        read_event({"GITHUB_EVENT_NAME": "push"})


def test_an_event_that_nothing_is_done_for() -> None:
    with pytest.raises(UsageError, match=r"nothing to do for 'star'; known events: .*pull_request.*push"):
        event_of("star", "push")


@pytest.mark.parametrize(
    ("payload", "change", "field"),
    [
        ("pull_request-fork", {"pull_request.head.sha": "--output=x"}, r"pull_request\.head\.sha"),
        ("pull_request-fork", {"pull_request.base.sha": "3" * 40 + "\n"}, r"pull_request\.base\.sha"),
        ("pull_request-fork", {"pull_request.number": "42"}, r"pull_request\.number"),
        ("pull_request-fork", {"repository.full_name": "../x y"}, r"repository\.full_name"),
    ],
)
def test_what_is_not_as_documented_is_refused_by_its_field(
    tmp_path: Path, payload: str, change: dict[str, Any], field: str
) -> None:
    path = changed(tmp_path, payload, change)
    with pytest.raises(ConfigurationError, match=rf"event\.json: .*{field}"):
        read_event({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": path})


def test_a_payload_of_another_repository_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"repository\.full_name: is bioimage-io/collection"):
        event_of("push", GITHUB_REPOSITORY="someone/else")


def test_no_payload(tmp_path: Path) -> None:
    path = str(tmp_path / "gone.json")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_event({"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": path})
