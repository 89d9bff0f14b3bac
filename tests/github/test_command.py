from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import GitHubError
from harness.github.actions import Actions
from harness.github.checks import ACCEPTED, STATUS, TESTED
from harness.github.client import Client
from harness.github.command import Asked, Command, obey, parse
from harness.github.event import Comment
from harness.github.message import State
from tests.github.double import Double
from tests.github.double.state import BOT, Run

SHA = "a" * 40
RERUN = "/harness rerun inconclusive"
ACCEPT = f"/harness accept {SHA[:12]}"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ("/harness rerun inconclusive", Command(Asked.RERUN_INCONCLUSIVE)),
        ("/harness rerun inconclusive\r\n", Command(Asked.RERUN_INCONCLUSIVE)),
        (f"  /harness accept {SHA}", Command(Asked.ACCEPT, SHA)),
        ("/harness accept 0123456789ab", Command(Asked.ACCEPT, "0123456789ab")),
        ("/harness help", Command(Asked.HELP)),
        ("/harness accept", None),
        ("/harness accept 0123456789a", None),
        ("/harness accept 0123456789AB", None),
        (f"/harness help {SHA}", None),
        ("/harness", None),
        (f"/harness accept {SHA}!", None),
        (f"/harness accept {SHA}\nand thank you", None),
        (f"/harness  accept {SHA}", None),
        (f"/Harness accept {SHA}", None),
        (f"> /harness accept {SHA}", None),
        (f"please /harness accept {SHA}", None),
        ("/harness rerun", None),
        ("/harness rerun all", None),
        ("/harness rerun failed", None),
        ("/harness rerun inconclusive; true", None),
        ("/harness rerun inconclusive $(true)", None),
        (f"/harness\naccept {SHA}", None),
        ("", None),
    ],
)
def test_the_grammar(body: str, asked: Command | None) -> None:
    assert parse(body) == asked


@given(st.text())
def test_no_other_text_is_a_command(body: str) -> None:
    asked = parse(body)
    assert asked is None or body.split() == ["/harness", *asked.asked.value.split(), *asked.commit.split()]


@pytest.fixture
def pull(github: Double) -> int:
    github.state.add_pull(7, SHA)
    github.state.permissions["octocat"] = "write"
    return 7


def said(github: Double, body: str, author: str = "octocat") -> Comment:
    comment = github.state.add_comment(7, author, body)
    return Comment(id=comment.id, body=body, author=author)


def done(github: Double, client: Client, actions: Actions, comment: Comment) -> tuple[str, list[str]]:
    """What was done in words, and the reactions."""
    words = obey(client, actions, 7, comment, workflow="pull-request.yml")
    return words, github.state.comments[comment.id].reactions


def test_rerun(github: Double, client: Client, actions: Actions, pull: int) -> None:
    github.state.runs[11] = Run(id=11, head_sha=SHA)
    github.state.runs[12] = Run(id=12, head_sha="b" * 40)
    github.state.runs[13] = Run(id=13, head_sha=SHA, path=".github/workflows/tests.yml")
    words, reactions = done(github, client, actions, said(github, RERUN))
    assert (words, reactions) == ("rerun inconclusive: runs again: run 11", ["+1"])
    assert [run.reruns for run in github.state.runs.values()] == [1, 0, 0]


@pytest.mark.parametrize(
    ("status", "conclusion"), [("in_progress", None), ("queued", None), ("completed", "success")]
)
def test_rerun_of_what_is_running_or_lacks_nothing(
    github: Double, client: Client, actions: Actions, pull: int, status: str, conclusion: str | None
) -> None:
    github.state.runs[11] = Run(id=11, head_sha=SHA, status=status, conclusion=conclusion)
    words, reactions = done(github, client, actions, said(github, RERUN))
    assert (words, reactions) == ("rerun inconclusive: there is nothing to do it to", ["confused"])
    assert github.state.runs[11].reruns == 0


def test_two_reruns_at_once(github: Double, client: Client, actions: Actions, pull: int) -> None:
    run = github.state.runs[11] = Run(id=11, head_sha=SHA)

    def begin() -> None:
        run.status, run.conclusion = "queued", None

    github.fail(method="POST", path="rerun-failed-jobs", first=begin)
    _, reactions = done(github, client, actions, said(github, RERUN))
    assert reactions == ["confused"]
    assert run.reruns == 0


def test_a_rerun_that_github_refuses(github: Double, client: Client, actions: Actions, pull: int) -> None:
    github.state.runs[11] = Run(id=11, head_sha=SHA)
    github.fail(method="POST", path="rerun-failed-jobs", status=403, times=9)
    with pytest.raises(GitHubError, match="refused with 403"):
        done(github, client, actions, said(github, RERUN))


def test_rerun_without_a_run(github: Double, client: Client, actions: Actions, pull: int) -> None:
    _, reactions = done(github, client, actions, said(github, RERUN))
    assert reactions == ["confused"]


def test_accept(github: Double, client: Client, actions: Actions, pull: int) -> None:
    client.set_status(SHA, TESTED, State.SUCCESS, "all is well")
    words, reactions = done(github, client, actions, said(github, ACCEPT))
    assert (words, reactions) == (f"accept: accepted {SHA}: success", ["+1"])
    status = github.state.newest_status(SHA, STATUS)
    assert status is not None
    assert status.state == "success"
    assert github.state.pulls[7].labels == {"harness: passed"}


def test_accept_without_results(github: Double, client: Client, actions: Actions, pull: int) -> None:
    _, reactions = done(github, client, actions, said(github, ACCEPT))
    assert reactions == ["confused"]


def test_accept_what_was_pushed_over(github: Double, client: Client, actions: Actions, pull: int) -> None:
    client.set_status(SHA, TESTED, State.SUCCESS, "all is well")
    github.state.pulls[7].head_sha = "c" * 40
    client.set_status("c" * 40, TESTED, State.SUCCESS, "all is well")  # it has results, too
    words, reactions = done(github, client, actions, said(github, ACCEPT))
    assert reactions == ["-1"]
    assert words == f"accept: {SHA[:12]} is not the head, {'c' * 40} is; nothing was done"
    assert github.state.newest_status("c" * 40, ACCEPTED) is None
    assert github.state.newest_status(SHA, ACCEPTED) is None


def test_help(github: Double, client: Client, actions: Actions, pull: int) -> None:
    done(github, client, actions, said(github, "/harness help"))
    (answer,) = [comment for comment in github.state.comments_of(7) if comment.author == BOT]
    assert all(f"`/harness {asked.value}" in answer.body for asked in Asked)
    rows = [line for line in answer.body.splitlines() if line.startswith("| `/harness")]
    assert len(rows) == len({row.split("|")[2] for row in rows}) == 3, "one for each thing that is done"


@pytest.mark.parametrize("what", [asked.value for asked in Asked])
def test_who_may_not_write_is_not_obeyed(
    github: Double, client: Client, actions: Actions, pull: int, what: str
) -> None:
    github.state.runs[11] = Run(id=11, head_sha=SHA)
    client.set_status(SHA, TESTED, State.SUCCESS, "all is well")
    commit = f" {SHA}" if what == "accept" else ""
    comment = said(github, f"/harness {what}{commit}", author="contributor")
    words, reactions = done(github, client, actions, comment)
    assert (words, reactions) == ("@contributor may not write here; nothing was done", ["-1"])
    assert github.state.runs[11].reruns == 0
    assert github.state.newest_status(SHA, STATUS) is None
    assert len(github.state.comments) == 1


def test_a_closed_pull_request(github: Double, client: Client, actions: Actions, pull: int) -> None:
    github.state.pulls[7].state = "closed"
    _, reactions = done(github, client, actions, said(github, ACCEPT))
    assert reactions == ["confused"]


def test_no_command_asks_nothing(github: Double, client: Client, actions: Actions, pull: int) -> None:
    words, reactions = done(github, client, actions, said(github, "looks good to me"))
    assert (words, reactions) == ("the comment is no command; nothing was done", [])
    assert github.requests == []


def test_who_may_write_is_not_guessed(github: Double, client: Client, actions: Actions, pull: int) -> None:
    github.fail(path="permission", status=404)
    with pytest.raises(GitHubError, match="permission: refused with 404"):
        done(github, client, actions, said(github, ACCEPT))
