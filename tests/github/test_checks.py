from __future__ import annotations

import pytest

from harness.errors import GitHubError
from harness.github.checks import (
    ACCEPTED,
    CHECK_RUN,
    STATUS,
    TESTED,
    accept,
    accepted_by,
    begin,
    say,
    say_in_detail,
)
from harness.github.client import Client
from harness.github.message import MARK, Kind, Message, State
from harness.github.session import connect
from tests.github.conftest import SOON
from tests.github.double import Double

SHA = "a" * 40


def message(state: State, words: str) -> Message:
    return Message(state=state, kind=Kind.PASSED, headline=words, description=words, body=f"{MARK}\n{words}")


def plain(_: str) -> Message:
    """Of a change that nobody has to look at."""
    return message(State.SUCCESS, "all is well")


def reviewed(login: str) -> Message:
    """Of a change that somebody has to look at."""
    return message(State.SUCCESS, "all is well") if login else message(State.PENDING, "somebody has to look")


def failing(login: str) -> Message:
    """Of one that fails beside."""
    return message(State.FAILURE, "it fails" if login else "it fails; somebody has to look")


def state_of(github: Double) -> str | None:
    status = github.state.newest_status(SHA, STATUS)
    return status.state if status else None


def test_the_status_is_the_message(github: Double, client: Client) -> None:
    assert say(client, SHA, plain, url="https://github.example/run") == plain("")
    (status,) = github.state.statuses
    assert (status.context, status.state, status.description) == (STATUS, "success", "all is well")
    assert status.target_url == "https://github.example/run"


def test_what_a_maintainer_decides_is_never_green(github: Double, client: Client) -> None:
    assert say(client, SHA, reviewed).state is State.PENDING
    assert state_of(github) == "pending"


@pytest.mark.parametrize("login", ["octocat", "octo-cat", "octocat_company", "review[bot]"])
def test_green_once_a_maintainer_has_accepted(github: Double, client: Client, login: str) -> None:
    say(client, SHA, reviewed)
    assert accept(client, SHA, login) is State.SUCCESS
    assert state_of(github) == "success"
    assert accepted_by(client, SHA) == login


def test_what_is_accepted_and_fails_stays_red(github: Double, client: Client) -> None:
    say(client, SHA, failing)
    assert accept(client, SHA, "octocat") is State.FAILURE
    assert state_of(github) == "failure"


def test_what_was_green_when_it_fails_now_is_not_accepted_as_green(github: Double, client: Client) -> None:
    say(client, SHA, reviewed)
    say(client, SHA, failing)
    accept(client, SHA, "octocat")
    assert state_of(github) == "failure"


def test_what_was_green_once_is_not_accepted_where_nobody_has_to_look_any_more(
    github: Double, client: Client
) -> None:
    say(client, SHA, reviewed)
    say(client, SHA, lambda _: message(State.FAILURE, "it fails"))  # it goes to another branch now
    assert accept(client, SHA, "octocat") is State.FAILURE
    assert state_of(github) == "failure"


def test_accepted_before_it_ran_again(github: Double, client: Client) -> None:
    say(client, SHA, reviewed)
    accept(client, SHA, "octocat")
    assert say(client, SHA, reviewed).state is State.SUCCESS
    assert state_of(github) == "success"


def test_a_commit_without_results_cannot_be_accepted(github: Double, client: Client) -> None:
    say(client, SHA, reviewed)
    assert accept(client, "b" * 40, "octocat") is None  # pushed a moment ago
    assert accepted_by(client, "b" * 40) == ""


def test_nothing_to_accept(github: Double, client: Client) -> None:
    say(client, SHA, plain)
    assert accept(client, SHA, "octocat") is None


@pytest.mark.parametrize("before", range(4))
def test_accepted_while_it_is_said(github: Double, client: Client, before: int) -> None:
    """Before whichever request of ours a maintainer accepts what was said earlier, it ends green."""
    say(client, SHA, reviewed)

    def maintainer() -> None:
        with connect(github.variables, again="", patience=SOON) as api:
            accept(Client(api), SHA, "octocat")

    github.fail(skip=before, first=maintainer)
    say(client, SHA, reviewed)
    assert state_of(github) == "success"


@pytest.mark.parametrize("before", range(4))
def test_said_while_it_is_accepted(github: Double, client: Client, before: int) -> None:
    say(client, SHA, reviewed)

    def report() -> None:
        with connect(github.variables, again="", patience=SOON) as api:
            say(Client(api), SHA, failing)

    github.fail(skip=before, first=report)
    accept(client, SHA, "octocat")
    assert state_of(github) == "failure"


@pytest.mark.parametrize(
    ("state", "description"), [(State.SUCCESS, "because I say so"), (State.FAILURE, "accepted by @octocat")]
)
def test_other_words_accept_nothing(github: Double, client: Client, state: State, description: str) -> None:
    client.set_status(SHA, ACCEPTED, state, description)
    assert accepted_by(client, SHA) == ""


@pytest.mark.parametrize(
    ("state", "conclusion"),
    [
        (State.SUCCESS, "success"),
        (State.FAILURE, "failure"),
        (State.ERROR, "failure"),
        (State.PENDING, "neutral"),
    ],
)
def test_the_check_run(github: Double, client: Client, state: State, conclusion: str) -> None:
    assert say_in_detail(client, SHA, message(state, "words")) == ""
    (run,) = github.state.check_runs.values()
    assert (run.name, run.conclusion) == (CHECK_RUN, conclusion)
    assert run.output == {"title": "words", "summary": f"{MARK}\nwords"}


def test_a_token_that_may_make_no_check_runs(github: Double, client: Client) -> None:
    github.state.may_write_checks = False
    assert "Resource not accessible by integration" in say_in_detail(client, SHA, plain(""))


def test_another_fault_of_check_runs_is_an_error(github: Double, client: Client) -> None:
    github.fail(method="POST", path="check-runs", status=422)
    with pytest.raises(GitHubError, match="POST check-runs: refused with 422"):
        say_in_detail(client, SHA, plain(""))


def test_the_verdict_is_kept_under_a_name_of_its_own(github: Double, client: Client) -> None:
    say(client, SHA, failing)
    status = github.state.newest_status(SHA, TESTED)
    assert status is not None
    assert (status.state, status.description) == ("failure", "it fails")


def test_while_it_is_tested_again_nothing_counts(github: Double, client: Client) -> None:
    """It may have been proposed to another branch."""
    say(client, SHA, reviewed)
    accept(client, SHA, "octocat")
    assert begin(client, SHA, lambda: False, url="https://github.example/run")
    assert state_of(github) == "pending"
    assert accept(client, SHA, "octocat") is State.PENDING
    assert say(client, SHA, failing).state is State.FAILURE
    assert accept(client, SHA, "octocat") is State.FAILURE


def test_the_end_of_a_run_has_the_last_word(github: Double, client: Client) -> None:
    say(client, SHA, plain)
    assert not begin(client, SHA, lambda: True)
    assert state_of(github) == "success"


def test_what_was_to_be_accepted_at_another_time_is_not_any_more(github: Double, client: Client) -> None:
    say(client, SHA, reviewed)

    def failed(_: str) -> Message:
        return message(State.FAILURE, "it fails, and nobody has to look")

    say(client, SHA, failed)
    assert accept(client, SHA, "octocat") is State.FAILURE
    assert state_of(github) == "failure"
