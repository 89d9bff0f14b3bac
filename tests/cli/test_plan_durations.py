"""``harness plan --durations``: what cells took tells how long they will take."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.cli import run_command_line
from harness.errors import ExitCode
from harness.ledger.store import LedgerWriter
from harness.plan.plan import PlannedCell, read_plan
from tests.conftest import ONNX_ENVIRONMENT, REFERENCE, ROOT
from tests.ledger.records import PLAIN, record


def plan(output: Path, *options: str) -> dict[str, PlannedCell]:
    """The cells of the project's collection with onnx, by model."""
    command = ["plan", str(ROOT / "collection"), *REFERENCE, "--weights", "onnx", "--output", str(output)]
    assert run_command_line([*command, *options]) == ExitCode.SATISFIED
    return {entry.cell.model.id: entry for entry in read_plan(output / "plan.json").cells}


def test_what_was_recorded_is_expected(tmp_path: Path) -> None:
    assert PLAIN.environment is not None
    environment = msgspec.structs.replace(PLAIN.environment, name=ONNX_ENVIRONMENT)
    model = msgspec.structs.replace(PLAIN.model, id="nuclei-unet2d")
    took = record(model=model, environment=environment, seconds=77.0, peak_memory_bytes=1)
    LedgerWriter(tmp_path / "ledger", "r").append(took)
    cells = plan(tmp_path, "--durations", str(tmp_path / "ledger"))
    assert cells["nuclei-unet2d"].seconds == 77.0
    assert {entry.seconds for entry in cells.values()} == {77.0}, "others take as long as their like"
    guessed = plan(tmp_path)["nuclei-unet2d"]
    assert 0 < guessed.seconds < 77.0
    assert guessed.setup_seconds > 10


def test_a_ledger_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["plan", "--durations", str(tmp_path / "none")]) == ExitCode.USAGE
    assert "is no folder; name one with records" in capsys.readouterr().err
