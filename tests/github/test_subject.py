from __future__ import annotations

import pytest

from harness.change import Change
from harness.errors import RefusedError
from harness.github.client import Client
from harness.github.event import Event, Run
from harness.github.subject import find_subject
from tests.github.double import REPOSITORY, Double

SHA = "a" * 40
CHANGE = Change(event="pull_request", repository=REPOSITORY, pull=8, head_sha=SHA)
EVENT = Event(
    name="workflow_run",
    repository=REPOSITORY,
    head_sha=SHA,
    head_branch="new-model",
    head_repository="contributor/collection",
    run=Run(id=1, attempt=1, workflow="w.yml", event="pull_request", conclusion="success", url="u"),
)


@pytest.fixture(autouse=True)
def pulls(github: Double) -> None:
    """One branch, proposed to two others."""
    github.state.add_pull(7, SHA)
    github.state.add_pull(8, SHA)


def test_the_one_that_was_tested(client: Client) -> None:
    pull = find_subject(client, CHANGE, EVENT)
    assert pull is not None
    assert pull.number == 8


def test_one_of_them_if_the_run_says_nothing(client: Client) -> None:
    pull = find_subject(client, None, EVENT)
    assert pull is not None
    assert pull.number == 7


def test_none_that_the_run_makes_up(client: Client, github: Double) -> None:
    del github.state.pulls[8]
    with pytest.raises(RefusedError, match=r"change\.json: field pull: is 8, but the run was for #7$"):
        find_subject(client, CHANGE, EVENT)


@pytest.mark.parametrize("event", [EVENT, None])
def test_none_that_is_closed(client: Client, github: Double, event: Event | None) -> None:
    for pull in github.state.pulls.values():
        pull.state = "closed"
    assert find_subject(client, CHANGE, event) is None


def test_no_pull_request_at_all(client: Client) -> None:
    push = Change(event="push", repository=REPOSITORY, head_sha=SHA)
    assert find_subject(client, push, None) is None
