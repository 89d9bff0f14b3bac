"""An unchanged cell costs nothing; what changed runs again, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from harness.cli import run_command_line
from harness.environments.spec import load_all
from harness.verdict import Check, CheckStatus
from tests.conftest import ONNX_ENVIRONMENT, REFERENCE
from tests.zoo.building import copy_model, update_sha256

from .conftest import ROOT, Run, run_harness

pytestmark = pytest.mark.slow


def keys(collection: Path, output: Path, *options: str | Path) -> dict[str, str]:
    """The keys of a plan by model and weights."""
    told = [str(collection), "--output", str(output), *REFERENCE, *map(str, options)]
    assert run_command_line(["plan", *told]) == 0
    cells = json.loads((output / "plan.json").read_text("utf-8"))["cells"]
    return {f"{c['cell']['model']['id']} {c['cell']['weights_format']}": c["key"] for c in cells}


@pytest.fixture
def models(collection: Path, tmp_path: Path) -> Path:
    """Two copies of one model."""
    folder = tmp_path / "models"
    for name in ("first", "second"):
        copy_model(collection / "nuclei-unet2d", folder, name)
    return folder


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    assert before.keys() == after.keys()
    return [cell for cell in before if before[cell] != after[cell]]


def test_a_changed_file_changes_the_cells_of_its_model(models: Path, tmp_path: Path) -> None:
    before = keys(models, tmp_path)
    for path in models.rglob("*"):
        os.utime(path, (0, 0))
    assert changed(before, keys(models, tmp_path)) == []
    weights = models / "second" / "weights.onnx"
    weights.write_bytes(weights.read_bytes() + b"\n")
    update_sha256(models / "second", "weights.onnx")
    after = keys(models, tmp_path)
    assert changed(before, after) == [cell for cell in before if cell.startswith("second ")]


def test_an_edit_that_leaves_size_and_time_changes_the_cells_of_its_model(
    models: Path, tmp_path: Path
) -> None:
    before = keys(models, tmp_path)
    readme = models / "second" / "README.md"
    was = readme.stat()
    readme.write_bytes(readme.read_bytes()[:-2] + b"!\n")
    os.utime(readme, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert (readme.stat().st_size, readme.stat().st_mtime_ns) == (was.st_size, was.st_mtime_ns)
    after = keys(models, tmp_path)
    assert changed(before, after) == [cell for cell in before if cell.startswith("second ")]
    assert keys(models, tmp_path, "--verify-files") == after


def test_a_changed_lock_changes_the_cells_of_its_environment(models: Path, tmp_path: Path) -> None:
    environments = tmp_path / "environments"
    shutil.copytree(ROOT / "environments", environments)
    before = keys(models, tmp_path, "--environments", environments)
    lock = load_all(environments)[ONNX_ENVIRONMENT].lock
    lock.write_text(f"# a comment\n{lock.read_text('utf-8')}", "utf-8")
    assert changed(before, keys(models, tmp_path, "--environments", environments)) == []
    lock.write_text(re.sub(r"(?m)^onnxruntime==\S+", "onnxruntime==1.0", lock.read_text("utf-8")), "utf-8")
    after = keys(models, tmp_path, "--environments", environments)
    assert changed(before, after) == ["first onnx", "second onnx"]


@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        ('[[rule]]\nlevel = "advisory"\nwhy = "drafts"', False),
        (
            '[[waiver]]\nreasons = ["values-differ"]\nowner = "@o"\nwhy = "known"\nexpires = 2999-01-01',
            False,
        ),
        ("[[limits]]\nseconds = 5", False),
        ("[tolerance]\nceiling = { atol = 0.1 }", True),
        ('[checks]\nrequired = ["as-called"]', True),
    ],
)
def test_of_a_policy_only_what_decides_changes_cells(
    models: Path, tmp_path: Path, policy: str, changes: bool
) -> None:
    before = keys(models, tmp_path)
    (tmp_path / "policy.toml").write_text(f"schema = 1\n{policy}\n", "utf-8")
    after = keys(models, tmp_path, "--policy", tmp_path / "policy.toml")
    assert changed(before, after) == (list(before) if changes else [])


def ran(run: Run) -> int:
    """How many cells a run says that it executed."""
    found = re.search(r"\((\d+) run now", run.stdout)
    assert found, run.stdout + run.stderr
    return int(found[1])


def test_a_run_executes_just_that(models: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    onnx = ("--weights", "onnx")
    assert ran(run_harness(models, output, *onnx)) == 2
    assert ran(run_harness(models, output, *onnx)) == 0
    assert ran(run_harness(models, output, *onnx, "--rerun", "all")) == 2
    with (models / "second" / "rdf.yaml").open("a") as description:
        description.write("# a word\n")
    assert ran(run_harness(models, output, *onnx)) == 1


def test_repeating_measures_determinism(models: Path, tmp_path: Path) -> None:
    options = ("--weights", "onnx", "--select", "first")
    once = run_harness(models, tmp_path / "output", *options)
    assert once.records[0].check(Check.DETERMINISM) is None
    often = run_harness(models, tmp_path / "output", *options, "--repeat", "3")
    assert ran(often) == 1
    (record,) = often.records
    check = record.check(Check.DETERMINISM)
    assert check
    assert (check.status, check.message) == (CheckStatus.PASSED, "3 runs are bitwise equal")
    assert record.repeat == 3
