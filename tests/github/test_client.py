from __future__ import annotations

import msgspec
import pytest

from harness.errors import GitHubError
from harness.github import answered
from harness.github.client import MOST_FILES, Client
from harness.github.message import Annotation, AnnotationLevel, State
from harness.github.pull_labels import LABELS, put_label
from harness.github.values import ChangedFile, CommitStatus
from tests.github.double import Double

SHA = "a" * 40


def test_every_file_of_a_commit(client: Client, github: Double) -> None:
    github.state.contents[SHA, "models/a/rdf.yaml"] = github.state.contents["b" * 40, "other"] = b""
    assert client.paths(SHA) == ["models/a/rdf.yaml"]


def test_a_pull_request(github: Double, client: Client) -> None:
    github.state.add_pull(7, SHA, "models/a/rdf.yaml")
    pull = client.pull(7)
    assert (pull.number, pull.head_sha, pull.files, pull.is_open) == (7, SHA, 1, True)


def test_one_of_a_fork_that_is_gone() -> None:
    head = {"sha": SHA, "repo": None, "user": None}
    told = {"number": 7, "state": "open", "head": head, "base": {"ref": "main"}}
    assert answered.read(told, answered.Pull).value().head_sha == SHA


def test_files_with_their_old_names(github: Double, client: Client) -> None:
    github.state.add_pull(7, SHA).files = [("a/rdf.yaml", "renamed"), ("b/rdf.yaml", "removed")]
    assert client.files(client.pull(7)) == [
        ChangedFile(path="a/rdf.yaml", status="renamed", old_path="old/a/rdf.yaml"),
        ChangedFile(path="b/rdf.yaml", status="removed"),
    ]


def test_github_lists_no_more_than_so_many_files(github: Double, client: Client) -> None:
    github.state.add_pull(7, SHA, *(f"models/{number}" for number in range(3001)))
    assert len(client.files(client.pull(7))) == MOST_FILES


def test_fewer_files_than_github_lists_otherwise_are_an_error(github: Double, client: Client) -> None:
    pull = msgspec.structs.replace(client.pull(github.state.add_pull(7, SHA, "a", "b").number), files=3)
    with pytest.raises(GitHubError, match=r"changes 3 files, and only 2 are listed; no verdict is lost"):
        client.files(pull)


def test_a_file_of_a_commit(github: Double, client: Client) -> None:
    github.state.contents[SHA, "models/a/rdf.yaml"] = b"id: a\n" * 100
    assert client.content("models/a/rdf.yaml", SHA) == b"id: a\n" * 100
    assert client.content("models/a/rdf.yaml", "b" * 40) is None
    with pytest.raises(GitHubError, match="is no file of at most 10 bytes"):
        client.content("models/a/rdf.yaml", SHA, limit=10)


def test_a_file_that_github_does_not_hand_over(github: Double, client: Client) -> None:
    github.state.contents[SHA, "large"] = bytes(1_000_001)
    with pytest.raises(GitHubError, match="is no file of at most 1,000,000 bytes"):
        client.content("large", SHA)


def test_pull_requests_by_their_head(github: Double, client: Client) -> None:
    github.state.add_pull(7, SHA)
    github.state.add_pull(8, "c" * 40)
    github.state.add_pull(9, SHA).state = "closed"
    github.state.add_pull(10, SHA).head = "another:new-model"
    assert [pull.number for pull in client.pulls_of_head("contributor", "new-model", SHA)] == [7]
    assert [pull.number for pull in client.pulls_of_head("", "new-model", SHA)] == [7, 10]


def test_a_comment_of_an_account_that_is_gone(github: Double, client: Client) -> None:
    github.state.add_comment(7, None, "what was said")
    (comment,) = client.comments(7)
    assert (comment.author, comment.body) == ("", "what was said")


def test_the_newest_status_counts(github: Double, client: Client) -> None:
    assert client.status(SHA, "harness") is None
    client.set_status(SHA, "harness", State.PENDING, "waiting")
    client.set_status(SHA, "harness", State.SUCCESS, "all is well", url="https://github.example/run")
    client.set_status(SHA, "lint", State.FAILURE, "tabs")
    assert client.status(SHA, "harness") == CommitStatus(
        context="harness", state="success", description="all is well"
    )
    assert github.state.statuses[1].target_url == "https://github.example/run"


@pytest.mark.parametrize(("annotations", "requests"), [(0, 1), (50, 1), (51, 2), (120, 3)])
def test_annotations_come_in_portions(
    github: Double, client: Client, annotations: int, requests: int
) -> None:
    made = [
        Annotation(
            path="a/rdf.yaml", start_line=line, level=AnnotationLevel.FAILURE, title="t", message=f"m{line}"
        )
        for line in range(1, annotations + 1)
    ]
    client.add_check_run(SHA, "results", "failure", title="t", summary="s", annotations=made)
    (run,) = github.state.check_runs.values()
    assert (run.status, run.conclusion, run.head_sha) == ("completed", "failure", SHA)
    assert [annotation["message"] for annotation in run.annotations] == [one.message for one in made]
    assert len(github.requests) == requests


def test_one_label_of_ours(github: Double, client: Client) -> None:
    pull = github.state.add_pull(7, SHA)
    github.state.labels["help wanted"] = "008672"
    pull.labels.add("help wanted")
    for state in (State.FAILURE, State.FAILURE, State.SUCCESS, State.FAILURE):
        put_label(client, 7, state)
        assert pull.labels == {"help wanted", LABELS[state].name}
    assert github.state.labels["harness: failed"] == "cf222e"


def test_a_label_that_the_repository_has_keeps_its_colour(github: Double, client: Client) -> None:
    github.state.add_pull(7, SHA)
    github.state.labels["harness: passed"] = "123456"
    put_label(client, 7, State.SUCCESS)
    assert github.state.labels["harness: passed"] == "123456"


def test_a_label_that_may_not_be_made_is_an_error(github: Double, client: Client) -> None:
    github.state.add_pull(7, SHA)
    github.fail(method="POST", path="/labels$", status=403)
    with pytest.raises(GitHubError, match="refused with 403"):
        put_label(client, 7, State.SUCCESS)


def test_a_label_of_any_characters_is_taken_off(github: Double, client: Client) -> None:
    pull = github.state.add_pull(7, SHA)
    github.state.labels["100% c? #1"] = "123456"
    pull.labels.add("100% c? #1")
    client.remove_label(7, "100% c? #1")
    assert pull.labels == set()


@pytest.mark.parametrize(
    ("word", "may"), [("admin", True), ("write", True), ("read", False), ("none", False)]
)
def test_who_may_write(github: Double, client: Client, word: str, may: bool) -> None:
    github.state.permissions["octocat"] = word
    assert client.may_write("octocat") is may


def test_an_answer_of_another_shape_is_told(github: Double, client: Client) -> None:
    github.fail(status=200, message="hello")
    with pytest.raises(GitHubError, match=r"an answer \(Pull\) is not what it should be: .*`number`"):
        client.pull(7)


def test_a_list_of_another_shape_is_told(github: Double, client: Client) -> None:
    github.fail(status=200, message="hello")
    with pytest.raises(GitHubError, match="GitHub"):
        client.comments(7)
