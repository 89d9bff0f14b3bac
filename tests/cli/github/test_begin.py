from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExitCode
from tests.cli.github.conftest import RUN, SHA, Harness
from tests.cli.github.said import state, taken
from tests.cli.planned import outcome_of
from tests.github.double import Double

PASSED = outcome_of("a")


def test_a_commit_that_is_proposed_twice_is_not_green_while_it_is_tested_again(
    repository: Double, harness: Harness, tmp_path: Path
) -> None:
    reports = taken(tmp_path / "reports", PASSED)
    assert harness("checks", "--output", reports) == ExitCode.SATISFIED
    assert state(repository) == "success"
    repository.state.add_pull(8, SHA)
    repository.state.runs[RUN].status = "queued"
    assert harness("begin") == ExitCode.SATISFIED
    assert state(repository) == "pending"
    assert repository.state.statuses[-1].target_url == "https://github.example/bioimage-io/runs/11"


@pytest.mark.parametrize(("status", "said"), [("completed", ""), ("in_progress", "pending")])
def test_a_run_that_has_ended_is_not_begun(
    repository: Double, harness: Harness, status: str, said: str
) -> None:
    """Events may come late."""
    repository.state.runs[RUN].status = status
    assert harness("begin") == ExitCode.SATISFIED
    assert state(repository) == said


def test_without_a_run_there_is_nothing_to_begin(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GITHUB_EVENT_NAME")
    assert harness("begin") == ExitCode.USAGE
    assert "GITHUB_EVENT_NAME: is not workflow_run" in capsys.readouterr().err
