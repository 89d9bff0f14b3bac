"""What commands print in a step of GitHub Actions, of models that would like to speak for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.verdict import Reason
from tests.cli.planned import outcome_of, write_ledger, write_plan
from tests.conftest import ROOT
from tests.github.runner import commands_in

MODEL = ROOT / "collection" / "nuclei-unet2d"
COMMAND = "::error file=x::pwned"


def harness(*arguments: str | Path, actions: bool = True, workspace: Path = ROOT) -> tuple[int, str, str]:
    """The exit code and what was printed."""
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace)} if actions else {}
    done = subprocess.run(
        [sys.executable, "-m", "harness", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8", **variables},
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Models that cannot be read: one that is wrong in two fields, one that says commands, and a package."""
    models = tmp_path / "models"
    shutil.copytree(MODEL, models / "wrong")
    description = (MODEL / "rdf.yaml").read_text("utf-8")
    wrong = description.replace("id: nuclei-unet2d", "id: wrong").replace("uint16", "uint17")
    (models / "wrong" / "rdf.yaml").write_text(wrong.replace("license: ", "license: none of "))
    shutil.copytree(MODEL, models / "speaks")
    speaks = description.replace("id: nuclei-unet2d", 'id: "x ##[error]pwned"')
    (models / "speaks" / "rdf.yaml").write_text(
        speaks.replace("name: Nuclei", f'"\\n{COMMAND}\\n##[error]": 1\nname: Nuclei')
    )
    (models / "empty.zip").write_bytes(b"")
    return models


def test_a_run_marks_the_lines_and_nothing_else_is_a_command(broken: Path) -> None:
    workspace = broken.parent
    code, out, err = harness("run", broken, "--output", workspace / "out", workspace=workspace)
    assert (code, out) == (1, "")
    assert "pwned" in err  # it was printed
    folds = [c for c in commands_in(err) if c.name in {"group", "endgroup"}]
    assert [c.message for c in folds] == ["cells", ""]
    commands = [c for c in commands_in(err) if c not in folds]
    assert {command.name for command in commands} == {"error"}
    lines = (broken / "wrong" / "rdf.yaml").read_text().splitlines()
    marked = {
        lines[int(command.properties["line"]) - 1].strip()
        for command in commands
        if command.properties["file"] == "models/wrong/rdf.yaml"
    }
    assert marked >= {"license: none of CC-BY-4.0", "type: uint17"}
    speaking = [c for c in commands if c.properties["file"] == "models/speaks/rdf.yaml"]
    assert [command.properties["line"] for command in speaking] == ["3"]
    assert all(set(command.properties) == {"file", "line", "title"} for command in commands)


def test_models_outside_of_the_checkout_are_not_marked(broken: Path) -> None:
    _, _, err = harness("run", broken, "--output", broken.parent / "out", workspace=broken.parent / "else")
    assert {command.name for command in commands_in(err)} == {"group", "endgroup"}


def test_elsewhere_a_run_says_no_command(broken: Path) -> None:
    _, out, err = harness("run", broken, "--output", broken.parent / "out", actions=False)
    assert "::stop-commands::" not in out + err
    assert "::error file=models" not in out + err


@pytest.mark.parametrize("arguments", [("gate",), ("results",), ("results", "--format", "json")])
def test_other_commands_say_no_command(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    model = outcome_of(f"x\n{COMMAND}\n##[error]", Reason.EXCEPTION)
    write_plan(tmp_path, model)
    write_ledger(tmp_path, model)
    _, plain, _ = harness(*arguments, "--output", tmp_path, actions=False)
    _, out, err = harness(*arguments, "--output", tmp_path)
    assert "pwned" in out
    assert out == plain  # a program may read it
    assert commands_in(err + out) == []
