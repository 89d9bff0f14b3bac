from __future__ import annotations

import msgspec
import pytest

from harness.change import Change
from harness.github.actions import Actions
from harness.github.client import Client
from harness.github.event import Event, Run
from harness.github.subject import find_subject, is_over
from tests.github.double import REPOSITORY, Double
from tests.github.double.state import Run as AtGitHub

SHA = "a" * 40
CHANGE = Change(event="pull_request", repository=REPOSITORY, pull=8, head_sha=SHA)
EVENT = Event(
    name="workflow_run",
    repository=REPOSITORY,
    head_sha=SHA,
    head_branch="new-model",
    head_repository="contributor/collection",
    run=Run(id=1, attempt=1, workflow="w.yml", event="pull_request", url="u"),
)


@pytest.fixture(autouse=True)
def pulls(github: Double) -> None:
    """One branch, proposed to two others."""
    github.state.add_pull(7, SHA)
    github.state.add_pull(8, SHA)


def test_the_one_that_was_tested_and_who_shares_its_commit(client: Client) -> None:
    found = find_subject(client, CHANGE, EVENT)
    assert found is not None
    assert (found.pull.number, found.change, found.beside, found.refused) == (8, CHANGE, (7,), "")


def test_one_of_them_if_the_run_says_nothing(client: Client) -> None:
    found = find_subject(client, None, EVENT)
    assert found is not None
    assert (found.pull.number, found.change.pull, found.change.head_sha) == (7, 7, SHA)


def test_the_same_commit_from_another_fork_shares_it_too(client: Client, github: Double) -> None:
    github.state.pulls[7].head = "another:branch"
    found = find_subject(client, CHANGE, EVENT)
    assert found is not None
    assert found.beside == (7,)


def test_it_is_known_how_many_files_it_changes(client: Client, github: Double) -> None:
    """The list of pull requests does not say."""
    github.state.pulls[8].files = [(f"models/{number}", "added") for number in range(3001)]
    found = find_subject(client, CHANGE, EVENT)
    assert found is not None
    assert found.pull.files == 3001


@pytest.mark.parametrize("event", [EVENT, None])
def test_none_that_was_pushed_over_while_it_was_looked_for(
    client: Client, github: Double, event: Event | None
) -> None:
    def push() -> None:
        github.state.pulls[8].head_sha = "c" * 40

    github.fail(path="pulls/8$", first=push)
    assert find_subject(client, CHANGE, event) is None


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("pull", 9, "is 9, but the run was for #7, #8"),
        ("head_sha", "b" * 40, f"is '{'b' * 40}', but the run was for {SHA}"),
        ("repository", "o/n", f"is 'o/n', but the run was for {REPOSITORY}"),
    ],
)
def test_what_the_run_makes_up_is_refused_and_the_event_believed(
    client: Client, field: str, value: object, told: str
) -> None:
    forged = msgspec.structs.replace(CHANGE, models=("another",), **{field: value})
    found = find_subject(client, forged, EVENT)
    assert found is not None
    assert found.refused == f"change.json: field {field}: {told}"
    assert found.change == Change(event="pull_request", repository=REPOSITORY, pull=7, head_sha=SHA)


@pytest.mark.parametrize(
    ("status", "attempt", "over"),
    [("completed", 1, True), ("in_progress", 2, False), ("completed", 2, False), ("queued", 1, False)],
)
def test_a_run_that_was_started_again_is_not_over(
    github: Double, actions: Actions, status: str, attempt: int, over: bool
) -> None:
    github.state.runs[1] = AtGitHub(id=1, head_sha=SHA, status=status, attempt=attempt)
    assert EVENT.run is not None
    assert is_over(actions, EVENT.run) is over


@pytest.mark.parametrize("event", [EVENT, None])
def test_none_that_is_closed(client: Client, github: Double, event: Event | None) -> None:
    for pull in github.state.pulls.values():
        pull.state = "closed"
    assert find_subject(client, CHANGE, event) is None


def test_no_pull_request_at_all(client: Client) -> None:
    push = Change(event="push", repository=REPOSITORY, head_sha=SHA)
    assert find_subject(client, push, None) is None


def test_a_run_that_was_cancelled_for_a_newer_one_has_nothing_to_say(
    github: Double, actions: Actions
) -> None:
    github.state.runs[1] = AtGitHub(id=1, head_sha=SHA, conclusion="cancelled")
    github.state.runs[2] = AtGitHub(id=2, head_sha="b" * 40, status="in_progress", conclusion=None)
    assert EVENT.run is not None
    assert is_over(actions, EVENT.run)  # somebody cancelled it by hand
    github.state.runs[3] = AtGitHub(id=3, head_sha=SHA, status="in_progress", conclusion=None)
    assert not is_over(actions, EVENT.run)
    github.state.runs[1].conclusion = "failure"
    assert is_over(actions, EVENT.run)
