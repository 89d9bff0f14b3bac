"""``harness github summary`` on plans and ledgers that were made by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cli import run_command_line
from harness.errors import ExitCode
from harness.verdict import Reason
from tests.cli.planned import outcome_of, write_ledger, write_plan, write_policy

GOOD = outcome_of("good")
DIFFERS = outcome_of("differs", Reason.VALUES_DIFFER)


def summary(output: Path, *options: str) -> int:
    return run_command_line(["github", "summary", "--output", str(output), *options])


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A folder that two models were run into."""
    write_plan(tmp_path, GOOD, DIFFERS)
    write_ledger(tmp_path, GOOD, DIFFERS)
    return tmp_path


def test_it_is_appended_to_what_the_step_has_said(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ran / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    assert summary(ran) == ExitCode.SATISFIED  # the gate is another command
    text = page.read_text("utf-8")
    assert text.startswith("before\n## ✗ 1 of 2 cells failed\n")
    assert "| `differs 1` | ✗ failed |" in text


def test_a_tool_that_its_team_calls_advisory_does_not_block(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advisory = msgspec.structs.replace(DIFFERS.consumer, name="spotmax")
    outcome = msgspec.structs.replace(DIFFERS, consumer=advisory)
    write_plan(tmp_path, outcome)
    write_ledger(tmp_path, outcome)
    assert summary(tmp_path) == ExitCode.SATISFIED
    assert "**Does not block:**" in capsys.readouterr().out


def test_elsewhere_it_is_printed(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(ran) == ExitCode.SATISFIED
    out, err = capsys.readouterr()
    assert out.startswith("## ✗ 1 of 2 cells failed\n")
    assert err == ""


@pytest.mark.parametrize(("part", "mine", "other"), [("1/2", "good", "differs"), ("2/2", "differs", "good")])
def test_a_part_tells_of_its_own_cells(
    ran: Path, capsys: pytest.CaptureFixture[str], part: str, mine: str, other: str
) -> None:
    summary(ran, "--shard", part)
    out = capsys.readouterr().out
    assert f"Part {part} of the plan: 1 cell." in out
    assert f"`{mine} 1`" in out
    assert f"`{other} 1`" not in out


def test_a_planned_cell_without_a_record_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_plan(tmp_path, GOOD, DIFFERS)
    write_ledger(tmp_path, GOOD)
    summary(tmp_path)
    assert capsys.readouterr().out.startswith("## ? No verdict for 1 of 2 cells\n")


def test_without_a_plan_it_tells_all_that_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ledger(tmp_path, GOOD)
    summary(tmp_path)
    assert capsys.readouterr().out.startswith("## ✓ Passed\n")


def test_the_policy_decides(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_policy(ran, '[[rule]]\nmodel = "differs"\nlevel = "advisory"\nwhy = "a draft"\n')
    summary(ran)
    assert capsys.readouterr().out.startswith("## ✓ Nothing stands in the way: 1 passed, 1 failed\n")


def test_no_ledger_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(tmp_path) == ExitCode.USAGE
    assert "there is no ledger" in capsys.readouterr().err


def test_no_plan_where_one_is_named_is_said(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summary(ran, "--plan", str(ran / "other.json")) == ExitCode.USAGE
    assert "other.json: cannot be read" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_said(
    ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(ran))
    assert summary(ran) == ExitCode.NO_VERDICT
    assert "the summary cannot be written" in capsys.readouterr().err
