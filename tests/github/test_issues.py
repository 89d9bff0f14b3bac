from __future__ import annotations

from harness.github.client import Client
from harness.github.issues import Notice, put_issues
from tests.github.double import Double
from tests.github.double.state import BOT, Issue

CRASHES = Notice(title="a tool: crashed", body="- `m`\n")
DIFFERS = Notice(title="a tool: values differ", body="- `n`\n")


def shown(github: Double) -> list[tuple[str, str]]:
    return [(issue.title, issue.state) for issue in github.state.issues.values()]


def test_one_for_each_subject(github: Double, client: Client) -> None:
    numbers = put_issues(client, {"tool/crashed": CRASHES, "tool/values-differ": DIFFERS})
    assert shown(github) == [("a tool: crashed", "open"), ("a tool: values differ", "open")]
    assert list(numbers.values()) == list(github.state.issues)


def test_said_again_nothing_is_written(github: Double, client: Client) -> None:
    put_issues(client, {"tool/crashed": CRASHES})
    github.requests.clear()
    put_issues(client, {"tool/crashed": CRASHES})
    assert github.requests == ["GET /issues"]


def test_it_follows_what_fails(github: Double, client: Client) -> None:
    (number,) = put_issues(client, {"tool/crashed": CRASHES}).values()
    put_issues(client, {"tool/crashed": Notice(title="t", body="two models")})
    issue = github.state.issues[number]
    assert (issue.title, issue.body.splitlines()[1], issue.state) == ("t", "two models", "open")
    assert len(github.state.issues) == 1


def test_closed_when_it_is_over_and_opened_when_it_is_back(github: Double, client: Client) -> None:
    put_issues(client, {"tool/crashed": CRASHES})
    put_issues(client, {})
    assert shown(github) == [("a tool: crashed", "closed")]
    put_issues(client, {})
    (issue,) = github.state.issues.values()
    assert issue.body.count("Nothing of this fails any more.") == 1
    put_issues(client, {"tool/crashed": CRASHES})
    assert shown(github) == [("a tool: crashed", "open")]
    assert "any more" not in issue.body


def test_what_people_close_stays_closed(github: Double, client: Client) -> None:
    (number,) = put_issues(client, {"tool/crashed": CRASHES}).values()
    github.state.issues[number].state = "closed"
    put_issues(client, {"tool/crashed": Notice(title="t", body="two models")})
    assert shown(github) == [("t", "closed")]


def test_two_runs_at_once_leave_one_open(github: Double, client: Client) -> None:
    put_issues(client, {"tool/crashed": CRASHES})
    (first,) = github.state.issues.values()
    second = Issue(number=5000, author=BOT, title=first.title, body=first.body)
    github.state.issues[second.number] = second
    put_issues(client, {"tool/crashed": CRASHES})
    assert [issue.state for issue in (first, second)] == ["open", "closed"]


def test_issues_of_others_are_left_alone(github: Double, client: Client) -> None:
    put_issues(client, {"tool/crashed": CRASHES})
    (ours,) = github.state.issues.values()
    github.state.add_pull(7, "a" * 40)
    for number, author, body in ((5000, "someone", ours.body), (5001, BOT, "by another workflow")):
        github.state.issues[number] = Issue(number=number, author=author, title="t", body=body)
    put_issues(client, {})
    assert [issue.state for issue in github.state.issues.values()] == ["closed", "open", "open"]
