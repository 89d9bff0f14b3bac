"""``harness compare`` on ledgers that were made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from harness.cell import ConsumerRef
from harness.cli import run_command_line
from harness.errors import ExitCode
from harness.ledger.record import Record
from harness.verdict import Reason
from tests.cli.planned import outcome_of, write_ledger
from tests.cli.test_command_line import failing

OLD, NEW = (ConsumerRef(name="careamics", version=version) for version in ("0.3.4", "0.3.5"))


def of(consumer: ConsumerRef, model: str, reason: Reason | None = None) -> Record:
    made = outcome_of(model, reason)
    return msgspec.structs.replace(made, consumer=consumer, key=f"{made.key}-{consumer.version}")


def compare(output: Path, *asked: str | Path) -> int:
    return run_command_line(["compare", *map(str, asked), "--output", str(output)])


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A folder with two versions of a tool: one model got worse, one better, and one is only in the first."""
    write_ledger(
        tmp_path,
        of(OLD, "worse"),
        of(NEW, "worse", Reason.VALUES_DIFFER),
        of(OLD, "better", Reason.CRASHED),
        of(NEW, "better"),
        of(OLD, "same"),
        of(NEW, "same"),
        of(OLD, "gone"),
    )
    return tmp_path


COLUMNS = "careamics==0.3.4", "careamics==0.3.5"


def test_what_became_of_each_cell(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(ran, *COLUMNS) == ExitCode.FAILED
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    heading = "model weights consumer environment device before now why"
    assert told == [
        "regressed: 1",
        heading,
        "worse onnx careamics 0.3.5 onnx cpu ✓ passed ✗ failed values differ beyond tolerance",
        "",
        "fixed: 1",
        heading,
        "better onnx careamics 0.3.5 onnx cpu ✗ failed ✓ passed before: crashed",
        "",
        "gone: 1",
        heading,
        "gone onnx careamics 0.3.4 onnx cpu ✓ passed –",
        "",
        "careamics==0.3.4 → careamics==0.3.5: 1 regressed, 1 fixed, 1 same green, 1 gone",
    ]


def test_without_a_regression_all_is_well(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(ran, *COLUMNS, "--select", "same") == ExitCode.SATISFIED
    assert capsys.readouterr().out == "careamics==0.3.4 → careamics==0.3.5: 1 same green\n"
    assert compare(ran, *COLUMNS, "--select", "gone", "--part") == ExitCode.SATISFIED
    assert capsys.readouterr().out == "careamics==0.3.4 → careamics==0.3.5: no cell to compare\n"
    assert compare(ran, *reversed(COLUMNS), "--select", "worse") == ExitCode.SATISFIED


def test_json_for_programs(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(ran, *COLUMNS, "--format", "json") == ExitCode.FAILED
    told = json.loads(capsys.readouterr().out)
    assert (told["base"], told["head"]) == COLUMNS
    assert told["counts"] == {"regressed": 1, "fixed": 1, "same green": 1, "gone": 1}
    (worse,) = (each for each in told["cells"] if each["kind"] == "regressed")
    assert (worse["before"]["status"], worse["now"]["reason"]) == ("passed", "values-differ")


def test_two_folders(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("published")
    write_ledger(other, of(OLD, "worse"), of(OLD, "only"))
    assert compare(Path("nowhere"), other, ran) == ExitCode.FAILED
    assert compare(Path("nowhere"), other / "ledger", ran / "ledger") == ExitCode.FAILED
    assert compare(Path("nowhere"), other, other) == ExitCode.SATISFIED
    assert compare(Path("nowhere"), ran, other, "--consumer", "careamics==0.3.4") == ExitCode.SATISFIED


def test_a_ledger_without_records_is_one(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = tmp_path_factory.mktemp("published")
    (first / "ledger").mkdir()
    assert compare(Path("nowhere"), first, ran) == ExitCode.SATISFIED


def test_in_actions_it_is_on_the_page_of_the_run(
    ran: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = ran / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    assert compare(ran, *COLUMNS) == ExitCode.FAILED
    assert capsys.readouterr().out.startswith("regressed: 1\n")
    assert page.read_text("utf-8").startswith(
        "before\n## ✗ `careamics==0.3.4` → `careamics==0.3.5`: 1 regressed, 1 fixed,"
    )


@pytest.mark.parametrize(
    ("base", "words"),
    [
        ("careamics", "careamics: is the beginning of several names: careamics==0.3.4, careamics==0.3.5;"),
        ("biapy==3.6", "there are tools: careamics==0.3.4, careamics==0.3.5; environments: onnx; runs: r"),
        ("onnx", "onnx is an environment and careamics==0.3.5 is a tool: name two versions of a tool,"),
    ],
)
def test_what_cannot_be_compared_is_said(
    base: str, words: str, ran: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = failing(capsys, "compare", base, "careamics==0.3.5", "--output", ran)
    assert (code, words in line) == (ExitCode.USAGE, True), line


def test_without_a_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = failing(capsys, "compare", "a", "b", "--output", tmp_path)
    assert (code, f"a: is no folder with a ledger, and {tmp_path / 'ledger'} is none" in line) == (2, True)
