"""A repository on the double of GitHub, and this job's variables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import run_command_line
from harness.github import session
from tests.cli.github.shards import write_plan
from tests.cli.github.taking import ALL
from tests.github.conftest import SOON, github
from tests.github.double import OWNER, REPOSITORY, Double
from tests.github.double.state import Run
from tests.github.test_event import PAYLOADS

__all__ = ["github", "harness", "repository"]

RUN = 11
PULL = 7
SHA = "a" * 40
DIGEST = "d" * 64

Harness = Callable[..., int]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a plan."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    write_plan(tmp_path / "plan", *ALL)
    return tmp_path


@pytest.fixture
def repository(github: Double, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Double:
    """It has a pull request of a fork, whose run has ended; this job is to report on it."""
    github.state.add_pull(PULL, SHA, "collection/a/rdf.yaml", "collection/a/weights.onnx")
    github.state.runs[RUN] = Run(id=RUN, head_sha=SHA, jobs=[f"collection / run 1/1, plan {DIGEST}"])
    payload = json.loads((PAYLOADS / "workflow_run.json").read_bytes())
    payload["repository"]["full_name"] = REPOSITORY
    payload["workflow_run"] |= {
        "id": RUN,
        "run_attempt": 1,
        "head_sha": SHA,
        "head_branch": "new-model",
        "head_repository": {"full_name": "contributor/collection"},
        "pull_requests": [],
        "html_url": f"https://github.example/{OWNER}/runs/{RUN}",
    }
    event = tmp_path / "event.json"
    event.write_text(json.dumps(payload))
    variables = {
        **github.variables,
        "GITHUB_EVENT_NAME": "workflow_run",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(session, "DEFAULT", SOON)
    monkeypatch.chdir(tmp_path)
    return github


@pytest.fixture
def harness(repository: Double) -> Harness:
    """``harness github …`` in that job; returns the exit code."""
    return lambda *words: run_command_line(["github", *map(str, words)])
