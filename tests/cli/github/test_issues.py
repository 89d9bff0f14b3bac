from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.verdict import Reason
from tests.cli.github.conftest import Harness
from tests.cli.github.said import taken
from tests.cli.planned import outcome_of
from tests.github.double import Double

FAILED = outcome_of("a", Reason.VALUES_DIFFER)


def policy(folder: Path, text: str) -> None:
    (folder / "collection").mkdir()
    (folder / "collection" / "policy.toml").write_text(f"schema = 1\n{text}")


def test_a_tool_that_asked_for_issues(repository: Double, harness: Harness, tmp_path: Path) -> None:
    policy(tmp_path, '[notify]\nissues = ["bioimageio.core"]\n')
    reports = taken(tmp_path / "reports", FAILED, outcome_of("b"))
    assert harness("issues", "--output", reports) == ExitCode.SATISFIED
    (issue,) = repository.state.issues.values()
    assert issue.title.startswith("bioimageio.core: ")
    assert "- `a` (onnx)" in issue.body
    assert "`b`" not in issue.body


def test_no_tool_asked(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harness("issues", "--output", taken(tmp_path / "reports", FAILED)) == ExitCode.SATISFIED
    assert "no tool wants issues" in capsys.readouterr().out
    assert repository.requests == []


def test_a_tool_of_which_nothing_is_known_is_named(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(tmp_path, '[notify]\nissues = ["stardisk"]\n')
    assert harness("issues", "--output", taken(tmp_path / "reports", FAILED)) == ExitCode.SATISFIED
    assert "names stardisk, of which the ledger has no record" in capsys.readouterr().out
    assert repository.state.issues == {}


def test_without_a_ledger_nothing_is_closed(
    repository: Double, harness: Harness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy(tmp_path, '[notify]\nissues = ["bioimageio.core"]\n')
    assert harness("issues", "--output", tmp_path / "nothing") == ExitCode.USAGE
    assert "there is no ledger" in capsys.readouterr().err
    assert repository.requests == []
