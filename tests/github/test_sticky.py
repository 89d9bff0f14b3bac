from __future__ import annotations

import threading

import pytest

from harness.errors import GitHubError
from harness.github.client import Client
from harness.github.message import MARK
from harness.github.session import connect
from harness.github.sticky import put_comment
from tests.github.conftest import SOON
from tests.github.double import Double
from tests.github.double.state import BOT

BODY = f"{MARK}\nnew"
OLD = f"{MARK}\nold"


def ours(github: Double) -> list[str]:
    return [comment.body for comment in github.state.comments_of(7) if comment.author == BOT]


def test_the_first_comment(github: Double, client: Client) -> None:
    put_comment(client, 7, BODY)
    assert ours(github) == [BODY]


def test_it_is_changed_in_place(github: Double, client: Client) -> None:
    first = put_comment(client, 7, OLD)
    assert put_comment(client, 7, BODY) == first
    assert ours(github) == [BODY]


def test_what_says_the_same_is_left_alone(github: Double, client: Client) -> None:
    put_comment(client, 7, BODY)
    github.requests.clear()
    put_comment(client, 7, BODY)
    assert github.requests == ["GET /issues/7/comments"]


def test_the_mark_of_somebody_else_is_nothing(github: Double, client: Client) -> None:
    theirs = github.state.add_comment(7, "contributor", OLD)
    put_comment(client, 7, BODY)
    assert theirs.body == OLD
    assert ours(github) == [BODY]


def test_what_we_said_without_the_mark_is_left_alone(github: Double, client: Client) -> None:
    help_text = github.state.add_comment(7, BOT, f"some help\n{MARK}")
    put_comment(client, 7, BODY)
    assert help_text.body == f"some help\n{MARK}"


def test_a_comment_on_a_later_page_is_found(github: Double, client: Client) -> None:
    for number in range(130):
        github.state.add_comment(7, "someone", str(number))
    github.state.add_comment(7, BOT, OLD)
    put_comment(client, 7, BODY)
    assert ours(github) == [BODY]


def test_deleted_by_hand_before_it_is_changed(github: Double, client: Client) -> None:
    comment = github.state.add_comment(7, BOT, OLD)
    github.fail(method="PATCH", first=lambda: github.state.comments.pop(comment.id))
    put_comment(client, 7, BODY)
    assert ours(github) == [BODY]


def test_deleted_by_hand_as_soon_as_it_is_made(github: Double, client: Client) -> None:
    github.fail(method="GET", path="comments", skip=1, first=github.state.comments.clear)
    put_comment(client, 7, BODY)
    assert ours(github) == [BODY]


def test_deleted_by_hand_again_and_again(github: Double, client: Client) -> None:
    github.fail(method="GET", path="comments", times=99, first=github.state.comments.clear)
    with pytest.raises(GitHubError, match="the comment on #7 is deleted as soon as it is made"):
        put_comment(client, 7, BODY)


def test_several_of_ours_become_one(github: Double, client: Client) -> None:
    first = github.state.add_comment(7, BOT, OLD)
    github.state.add_comment(7, BOT, OLD)
    github.state.add_comment(7, BOT, BODY)
    assert put_comment(client, 7, BODY) == first.id
    assert ours(github) == [BODY]


def test_two_runs_at_once_leave_one(github: Double) -> None:
    both_looked = threading.Barrier(2, timeout=10)
    github.fail(method="POST", path="comments", times=2, first=both_looked.wait)

    def run(body: str) -> None:
        with connect(github.variables, again="", patience=SOON) as api:
            put_comment(Client(api), 7, body)

    threads = [threading.Thread(target=run, args=(f"{MARK}\n{name}",)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ours(github)) == 1


def test_a_comment_that_may_not_be_changed_is_an_error(github: Double, client: Client) -> None:
    github.state.add_comment(7, BOT, OLD)
    github.fail(method="PATCH", status=403)
    with pytest.raises(GitHubError, match="refused with 403"):
        put_comment(client, 7, BODY)
    assert ours(github) == [OLD]
