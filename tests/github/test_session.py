"""What goes wrong between us and GitHub: what is waited for, what is given up, and with which words."""

from __future__ import annotations

import re
import socketserver
import threading
import time
from pathlib import Path

import msgspec
import pytest

from harness.errors import ExitCode, GitHubError, OutputError, RefusedError, UsageError
from harness.github.session import Api, connect
from tests.github.conftest import SOON
from tests.github.double import Double
from tests.github.double.server import TOKEN, closed_port

LOST = "no verdict is lost: run `harness github comment` again"
PULL = ("pulls", 7)


@pytest.fixture(autouse=True)
def pull(github: Double) -> None:
    github.state.add_pull(7, "a" * 40)


def test_answers_are_json(api: Api) -> None:
    assert api.get(*PULL)["head"]["sha"] == "a" * 40


def test_a_server_that_errs_twice_is_asked_again(github: Double, api: Api) -> None:
    github.fail(status=502, times=2)
    assert api.get(*PULL)["number"] == 7
    assert len(github.requests) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_goes_on_erring_is_given_up(github: Double, api: Api, status: int) -> None:
    github.fail(status=status, times=99)
    with pytest.raises(GitHubError) as caught:
        api.get(*PULL)
    assert str(caught.value) == f"GitHub: GET pulls/7: the answer was {status}, 3 times; {LOST}"
    assert caught.value.exit_code is ExitCode.NO_VERDICT
    assert len(github.requests) == 3


def test_an_api_that_is_down_is_given_up() -> None:
    port = closed_port()
    variables = {
        "GITHUB_API_URL": f"http://127.0.0.1:{port}",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "owner/name",
    }
    with (
        connect(variables, again="harness github comment", patience=SOON) as api,
        pytest.raises(GitHubError) as caught,
    ):
        api.get(*PULL)
    assert (
        str(caught.value) == f"GitHub: GET pulls/7: 127.0.0.1:{port} cannot be reached, tried 3 times; {LOST}"
    )


def test_an_api_that_is_slow_is_given_up(github: Double) -> None:
    github.fail(delay=0.6, times=99)
    impatient = msgspec.structs.replace(SOON, read=0.1)
    with (
        connect(github.variables, again="harness github comment", patience=impatient) as api,
        pytest.raises(GitHubError, match=rf"did not answer in time, 3 times; {re.escape(LOST)}$"),
    ):
        api.get(*PULL)


def test_an_api_that_is_slow_once_is_asked_again(github: Double) -> None:
    github.fail(delay=0.6)
    impatient = msgspec.structs.replace(SOON, read=0.3)
    with connect(github.variables, again="", patience=impatient) as api:
        assert api.get(*PULL)["number"] == 7


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (403, {"retry-after": "1"}, "You have exceeded a secondary rate limit"),
        (429, {"retry-after": "1"}, "Too many requests"),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "now"}, "API rate limit exceeded"),
    ],
)
def test_a_short_rate_limit_is_waited_for(
    github: Double,
    api: Api,
    capsys: pytest.CaptureFixture[str],
    status: int,
    headers: dict[str, str],
    message: str,
) -> None:
    told = {name: str(int(time.time())) if value == "now" else value for name, value in headers.items()}
    github.fail(status=status, headers=told, message=message)
    before = time.monotonic()
    assert api.get(*PULL)["number"] == 7
    assert time.monotonic() - before > 0.5
    assert "GitHub: the rate limit is reached; waiting 1 s\n" in capsys.readouterr().err


def test_a_long_rate_limit_is_given_up_at_once(github: Double, api: Api) -> None:
    reset = int(time.time()) + 1800
    github.fail(status=403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)})
    with pytest.raises(GitHubError) as caught:
        api.get(*PULL)
    said = str(caught.value)
    assert said.startswith(
        "GitHub: GET pulls/7: the rate limit is reached, and 3 seconds are the most that is waited for; "
        f"{LOST} after "
    )
    assert re.search(r" after \d\d:\d\d UTC$", said)
    assert caught.value.exit_code is ExitCode.NO_VERDICT
    assert len(github.requests) == 1


def test_all_waits_together_are_bounded(github: Double, api: Api) -> None:
    github.fail(status=403, headers={"retry-after": "1"}, times=99)
    with pytest.raises(GitHubError, match="the rate limit is reached"):
        api.get(*PULL)
    assert len(github.requests) == 4  # three waits of a second


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "give the job a valid token in GITHUB_TOKEN"),
        (403, "give the job this permission in its workflow"),
        (404, "it is not there, or the token may not see it"),
        (422, "a fault on demand"),
    ],
)
def test_a_refusal_says_what_to_do_and_is_not_repeated(
    github: Double, api: Api, status: int, words: str
) -> None:
    github.fail(status=status)
    with pytest.raises(GitHubError, match=f"refused with {status} .*{re.escape(words)}") as caught:
        api.post("statuses", "a" * 40, body={"state": "success", "context": "harness"})
    assert caught.value.status == status
    assert len(github.requests) == 1


def test_the_token_is_never_told(github: Double) -> None:
    github.fail(status=401)
    with (
        connect(github.variables, again="", patience=SOON) as api,
        pytest.raises(GitHubError) as caught,
    ):
        api.get(*PULL)
    assert TOKEN not in f"{caught.value} {api!r} {vars(api)!r}"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN: is not set"),
        ({"GITHUB_REPOSITORY": "nobody"}, "GITHUB_REPOSITORY: 'nobody' is not OWNER/NAME"),
        (
            {"GITHUB_API_URL": "http://github.example"},
            "'http://github.example' does not begin with https",
        ),
    ],
)
def test_a_variable_that_is_wrong_is_named(variables: dict[str, str], words: str) -> None:
    right = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "owner/name"}
    with pytest.raises(UsageError, match=re.escape(words)):
        connect({**right, **variables}, again="")


def test_a_list_is_read_page_by_page(github: Double, api: Api) -> None:
    for number in range(250):
        github.state.add_comment(7, "someone", f"comment {number}")
    bodies = [item["body"] for item in api.each("issues", 7, "comments")]
    assert bodies == [f"comment {number}" for number in range(250)]
    assert len(github.requests) == 3


def test_a_fault_on_a_later_page_is_told(github: Double, api: Api) -> None:
    for number in range(150):
        github.state.add_comment(7, "someone", f"comment {number}")
    github.fail(skip=1, status=404)
    with pytest.raises(GitHubError, match="GET issues/7/comments: refused with 404"):
        list(api.each("issues", 7, "comments"))


def test_a_download_leaves_the_token_behind(github: Double, api: Api, tmp_path: Path) -> None:
    artifact = github.state.add_artifact(1, "plan", b"bytes")
    api.download("actions", "artifacts", artifact.id, "zip", target=tmp_path / "plan.zip", limit=5)
    assert (tmp_path / "plan.zip").read_bytes() == b"bytes"


def test_a_download_is_bounded_whatever_was_stated(github: Double, api: Api, tmp_path: Path) -> None:
    artifact = github.state.add_artifact(1, "plan", bytes(3_000_000))
    artifact.size = 10
    with pytest.raises(RefusedError, match=r"plan\.zip: has more than the 1,000,000 bytes allowed"):
        api.download(
            "actions", "artifacts", artifact.id, "zip", target=tmp_path / "plan.zip", limit=1_000_000
        )


def test_an_answer_that_is_no_json_is_told(github: Double, api: Api) -> None:
    artifact = github.state.add_artifact(1, "plan", b"bytes")
    with pytest.raises(GitHubError, match="the answer is no JSON"):
        api.get("actions", "artifacts", artifact.id, "zip")


def test_what_is_gone_is_deleted(api: Api) -> None:
    api.delete("issues", "comments", 4711)


def test_an_answer_that_breaks_off_is_told() -> None:
    class Half(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    with socketserver.TCPServer(("127.0.0.1", 0), Half) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        variables = {"GITHUB_API_URL": url, "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "owner/name"}
        try:
            with (
                connect(variables, again="", patience=SOON) as api,
                pytest.raises(GitHubError, match="broke off in the middle of its answer"),
            ):
                api.get(*PULL)
        finally:
            server.shutdown()
            thread.join()


def test_a_folder_that_cannot_be_written_is_told(github: Double, api: Api, tmp_path: Path) -> None:
    artifact = github.state.add_artifact(1, "plan", b"bytes")
    target = tmp_path / "missing" / "plan.zip"
    with pytest.raises(OutputError, match=r"plan\.zip: cannot be written \(No such file or directory\)"):
        api.download("actions", "artifacts", artifact.id, "zip", target=target, limit=5)


def test_what_cannot_be_downloaded_is_told(github: Double, api: Api, tmp_path: Path) -> None:
    artifact = github.state.add_artifact(1, "plan", b"bytes")
    github.fail(path="/zip$", status=410, message="Artifact has expired")
    with pytest.raises(GitHubError, match=r"refused with 410 \(Artifact has expired\)"):
        api.download("actions", "artifacts", artifact.id, "zip", target=tmp_path / "plan.zip", limit=5)
