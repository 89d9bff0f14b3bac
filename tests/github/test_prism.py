"""A second opinion on every request: Prism, on the same description of GitHub's API as the double."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from harness.errors import GitHubError, NotHandedOverError
from harness.github.actions import Actions
from harness.github.client import Client
from harness.github.message import Annotation, AnnotationLevel, State
from harness.github.session import Api, connect
from tests.github.conftest import SOON
from tests.github.double.answers import DESCRIPTION
from tests.github.double.server import TOKEN, closed_port

pytestmark = pytest.mark.slow

PRISM = "@stoplight/prism-cli@5"
SHA = "a" * 40
ANNOTATION = Annotation(
    path="a/rdf.yaml", start_line=1, level=AnnotationLevel.WARNING, title="t", message="m"
)


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Prism, which refuses each request that the description does not allow."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node.js with npm, to install Prism")
    folder = tmp_path_factory.mktemp("prism")
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error", PRISM]
    installed = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
    if installed.returncode:
        pytest.skip(f"needs the npm registry, to install Prism: {installed.stderr[-300:]}")
    port = closed_port()
    program = folder / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = [node, str(program), "mock", str(DESCRIPTION), "--host", "127.0.0.1", "--port", str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process, folder / "log")
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            requests.get(url, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"Prism does not start: {log.read_text()[-1000:]}")


@pytest.fixture
def api(prism: str) -> Iterator[Api]:
    variables = {"GITHUB_API_URL": prism, "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "owner/name"}
    with connect(variables, again="", patience=SOON) as api:
        yield api


def test_every_request_of_the_client(api: Api) -> None:
    client = Client(api)
    pull = client.pull(7)
    client.pulls_of_head("owner", "branch", SHA)
    assert list(api.each("pulls", pull.number, "files"))
    with suppress(NotHandedOverError):  # its example may say that there are more
        client.paths(SHA)
    client.comments(7)
    client.add_comment(7, "body")
    client.edit_comment(1, "body")
    client.delete_comment(1)
    client.react(1, "+1")
    client.set_status(SHA, "harness", State.SUCCESS, "words", url="https://github.example")
    client.status(SHA, "harness")
    client.add_check_run(SHA, "name", "success", title="t", summary="s", annotations=[ANNOTATION] * 51)
    client.labels(7)
    client.add_label(7, "name", colour="ffffff", description="d")
    client.remove_label(7, "name")
    client.issues_by("octocat")
    client.open_issue("title", "body")
    client.edit_issue(7, title="title", body="body", state="closed")
    client.may_write("octocat")


def test_every_request_of_actions(api: Api) -> None:
    actions = Actions(api)
    actions.run(1)
    actions.newest_run("pull-request.yml", SHA)
    actions.artifacts(1)
    actions.job_names(1)
    actions.rerun_failed(1)


def test_it_refuses_what_github_would_refuse(api: Api) -> None:
    with pytest.raises(GitHubError, match=r"POST statuses/.*: refused with 422"):
        api.post("statuses", SHA, body={"state": "green"})
