from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExitCode
from tests.cli.github.conftest import PULL, RUN, SHA, Harness
from tests.github.double import REPOSITORY, Double
from tests.github.double.state import Comment
from tests.github.test_event import PAYLOADS


def comment(
    github: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, **changes: Any
) -> Comment:
    """Somebody comments; this job's event is that."""
    made = github.state.add_comment(PULL, "octocat", body)
    payload = json.loads((PAYLOADS / "issue_comment.json").read_bytes())
    payload["repository"]["full_name"] = REPOSITORY
    payload["issue"] |= {"number": PULL, "pull_request": {}}
    payload["comment"] |= {"id": made.id, "body": body, "user": {"login": "octocat"}}
    (tmp_path / "comment.json").write_text(json.dumps(payload | changes))
    monkeypatch.setenv("GITHUB_EVENT_NAME", "issue_comment")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "comment.json"))
    github.state.permissions["octocat"] = "write"
    return made


def test_a_command_is_obeyed(
    repository: Double, harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = comment(repository, tmp_path, monkeypatch, "/harness rerun inconclusive")
    assert harness("command") == ExitCode.SATISFIED
    assert repository.state.runs[RUN].reruns == 1
    assert made.reactions == ["+1"]


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ("thank you", {}),
        (f"/harness accept {SHA}", {"action": "edited"}),
        (f"/harness accept {SHA}", {"issue": {"number": PULL}}),
    ],
)
def test_what_is_none_asks_nothing(
    repository: Double,
    harness: Harness,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    changes: dict[str, Any],
) -> None:
    comment(repository, tmp_path, monkeypatch, body, **changes)
    monkeypatch.delenv("GITHUB_TOKEN")  # it is not even looked for
    assert harness("command") == ExitCode.SATISFIED
    assert repository.requests == []


def test_another_event(repository: Double, harness: Harness, capsys: pytest.CaptureFixture[str]) -> None:
    assert harness("command") == ExitCode.USAGE
    assert "GITHUB_EVENT_NAME: is workflow_run; this command is for issue_comment" in capsys.readouterr().err


def test_an_api_that_is_down(
    repository: Double,
    harness: Harness,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    comment(repository, tmp_path, monkeypatch, f"/harness accept {SHA}")
    repository.fail(status=502, times=99)
    assert harness("command") == ExitCode.NO_VERDICT
    assert "run `harness github command` again" in capsys.readouterr().err
