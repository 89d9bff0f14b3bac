"""``harness plan``: what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import run_command_line
from harness.plan.plan import Plan, read_plan
from tests.conftest import ROOT

MODELS = ("--select", "membrane-unet2d", "--select", "foci-binary2d", "--select", "spots-n2v2d")
TOOLS = ("--consumer", "stardist", "--consumer", "spotmax")


def _printed(capsys: pytest.CaptureFixture[str], output: Path, *options: str) -> tuple[list[str], Plan]:
    plan = ["plan", str(ROOT / "collection"), *MODELS, *TOOLS, "--output", str(output), *options]
    assert run_command_line(plan) == 0
    return capsys.readouterr().out.splitlines(), read_plan(output / "plan.json")


def test_why_a_tool_does_not_open_something_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, plan = _printed(capsys, tmp_path)
    settled = {entry.settled.message for entry in plan.cells if entry.settled}
    assert len(settled) >= 4
    for why in settled:
        assert sum(why in line for line in lines) == 1
    told = [line for line in lines if line.startswith("not applicable: ")]
    assert len(told) == len(settled)
    assert "not applicable: foci-binary2d · onnx · stardist 0.9.2 and 1 more: " in "\n".join(told)
    assert sum("spotmax opens pytorch_state_dict in spotmax" in line for line in lines) == 2
    assert "left out: cells-two-channel and 8 more: not selected by --select" in lines


def test_all_has_a_line_for_each_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines, plan = _printed(capsys, tmp_path, "--all")
    assert len(lines) == 1 + len(plan.cells) + len(plan.left_out) + 1
    assert not [line for line in lines if line.startswith("not applicable: ")]


def test_a_plan_knows_what_a_tool_asks_for_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, plan = _printed(capsys, tmp_path)
    levels = {(entry.cell.consumer.name, plan.levels[entry.key].value) for entry in plan.cells}
    assert levels == {("stardist", "required"), ("spotmax", "advisory")}
