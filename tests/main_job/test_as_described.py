"""Models whose weights declare what they need, run in that for real, beside the current environment."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from harness.collection.description_yaml import read_description
from harness.ledger.record import Record
from harness.verdict import Blame, Check, CheckStatus, Reason, Status
from tests.conftest import ONNX_ENVIRONMENT

from .conftest import Run, harness, run_harness

pytestmark = pytest.mark.slow

INDEX = ".".join(("pypi", "org"))
OTHER = "1.20.1"  # of onnxruntime; the current environment has a newer one
NEVER = {"UV_PYTHON_DOWNLOADS": "never"}
DECLARED = {
    "one": (
        "pip:requirements.txt",
        f"onnxruntime=={OTHER}+cu118\n--extra-index-url https://{INDEX}/simple\n",
    ),
    "same": ("conda:env.yaml", f"name: b\ndependencies:\n- pip\n- pip:\n  - ONNXruntime == {OTHER}\n"),
    "unsatisfiable": ("pip:requirements.txt", f"onnxruntime=={OTHER}\nnumpy<1.20\n"),
    "beside": ("pip:requirements.txt", "onnxruntime\npydantic>=2.14\n"),
    "malformed": ("pip:requirements.txt", "onnxruntime=1.20=py310_0\n"),
    "refused": ("pip:requirements.txt", "-e .\n"),
    "of-conda": ("conda:env.yaml", "dependencies: [onnxruntime]\n"),
}


def declaring(folder: Path, collection: Path, declaration: tuple[str, str], *, weights: str = "onnx") -> None:
    """A model with one kind of weights, which name a file as their dependencies."""
    shutil.copytree(collection / "membrane-unet2d", folder)
    content = read_description(folder / "rdf.yaml", shown="rdf.yaml")
    named, text = declaration
    entry = {**content["weights"][weights], "dependencies": named}
    entry.pop("parent", None)
    changed = {**content, "id": folder.name, "weights": {weights: entry}}
    (folder / "rdf.yaml").write_text(json.dumps(changed), "utf-8")
    (folder / named.partition(":")[2]).write_text(text, "utf-8")


@pytest.fixture(scope="module")
def models(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("declaring")
    for name, declaration in DECLARED.items():
        declaring(folder / name, collection, declaration)
    return folder


@pytest.fixture(scope="module")
def run(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_harness(models, tmp_path_factory.mktemp("as-described"), "--as-described", **NEVER)


def described(run: Run) -> dict[str, Record]:
    """The records of the cells as described, by model."""
    return {r.model.id: r for r in run.records if r.environment and r.environment.as_described}


def environment_of(record: Record) -> tuple[CheckStatus, str]:
    check = record.check(Check.ENVIRONMENT)
    assert check is not None
    return check.status, check.message


def test_every_model_still_runs_in_the_current_environment(run: Run) -> None:
    own = {
        r.model.id: r.status for r in run.records if r.environment and r.environment.name == ONNX_ENVIRONMENT
    }
    assert own == dict.fromkeys(DECLARED, Status.PASSED)


def test_who_declares_the_same_runs_in_one_environment(run: Run) -> None:
    one, same = described(run)["one"], described(run)["same"]
    assert (one.status, same.status) == (Status.PASSED, Status.PASSED)
    assert one.environment == same.environment
    assert {record.consumer for record in run.records} == {one.consumer}


def test_the_record_says_what_was_changed_in_the_declaration(run: Run) -> None:
    status, message = environment_of(described(run)["one"])
    assert status is CheckStatus.PASSED
    assert message == (
        "changed in what is declared: "
        f"onnxruntime=={OTHER}+cu118 (without the label, which names a build that few indexes have); "
        f"--extra-index-url {INDEX} (not asked: packages come from where this machine looks for them)"
    )
    (page,) = (run.output / "site" / "models").glob("one*.html")
    shown = page.read_text("utf-8")
    assert "as the author of the model describes it" in shown
    assert "changed in what is declared" in shown


def test_what_cannot_be_solved_has_failed_in_the_words_of_the_solver(run: Run) -> None:
    record = described(run)["unsatisfiable"]
    assert (record.status, record.reason) == (Status.FAILED, Reason.ENVIRONMENT_UNSATISFIABLE.slug)
    assert record.blame is Blame.ENVIRONMENT
    assert "you require numpy<1.20" in record.message
    assert "bioimageio-core" not in record.message
    assert [artifact.kind for artifact in record.artifacts if artifact.kind != "cover"] == ["build-log"]


def test_what_does_not_go_with_the_tool_has_no_verdict(run: Run) -> None:
    record = described(run)["beside"]
    assert (record.status, record.blame) == (Status.INCONCLUSIVE, Blame.ENVIRONMENT)
    assert "but not beside what the cell needs" in record.message


def test_what_nobody_can_follow_has_failed_and_what_is_not_done_has_no_verdict(run: Run) -> None:
    malformed, refused = described(run)["malformed"], described(run)["refused"]
    assert (malformed.status, environment_of(malformed)[0]) == (Status.FAILED, CheckStatus.FAILED)
    assert (refused.status, refused.blame) == (Status.INCONCLUSIVE, Blame.ENVIRONMENT)
    assert refused.message.startswith("requirements.txt: -e .: is installed from source")


def test_what_needs_conda_is_left_out_with_the_reason(run: Run) -> None:
    assert described(run).keys() == DECLARED.keys() - {"of-conda"}
    assert "env.yaml declares conda packages (onnxruntime)" in run.stdout


def test_a_stored_plan_holds_the_cells_as_described(run: Run) -> None:
    """What has no verdict yet runs again: its environment is worked out anew from the models."""
    before = {record.key: record.status for record in run.records}
    done = harness("run", "--plan", run.output / "plan.json", "--output", run.output, **NEVER)
    assert "(2 run now, 11 unchanged)" in done.stdout, done.stdout + done.stderr
    assert {record.key: record.status for record in run.records} == before


def test_who_lacks_a_declared_package_is_told_where_it_is(collection: Path, tmp_path: Path) -> None:
    """And what is still lacking where all that is declared is installed was not declared."""
    for name, module in (("declared", "einops"), ("not-declared", "nobody_has_it")):
        folder = tmp_path / "models" / name
        declaring(folder, collection, ("pip:requirements.txt", "einops\n"), weights="pytorch_state_dict")
        code = folder / "unet2d.py"
        code.write_text(f"import {module}\n{code.read_text('utf-8')}", "utf-8")
        described_in = read_description(folder / "rdf.yaml", shown="rdf.yaml")
        digest = hashlib.sha256(code.read_bytes()).hexdigest()
        described_in["weights"]["pytorch_state_dict"]["architecture_sha256"] = digest
        (folder / "rdf.yaml").write_text(json.dumps(described_in), "utf-8")
    run = run_harness(tmp_path / "models", tmp_path / "output", "--as-described", **NEVER)
    own = {r.model.id: r for r in run.records if r.environment and not r.environment.as_described}
    there = described(run)
    assert there["declared"].status is Status.PASSED
    for record in own.values():
        assert (record.status, record.reason) == (Status.INCONCLUSIVE, Reason.DEPENDENCY_NOT_INSTALLED.slug)
        environment = there[record.model.id].environment
        assert environment is not None
        assert f"the cell in {environment.name} has what it asks for" in record.hint
    assert there["declared"].environment == there["not-declared"].environment
    assert there["not-declared"].reason == Reason.UNDECLARED_DEPENDENCY.slug
    assert there["not-declared"].status is Status.FAILED


def test_a_cell_as_described_is_reproduced(run: Run, models: Path) -> None:
    key = described(run)["one"].key
    done = harness("reproduce", key[:12], models, "--output", run.output)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the verdict is the same as recorded" in done.stdout


def test_its_environment_is_made_again_in_the_same_versions(run: Run, tmp_path: Path) -> None:
    """By somebody who has the ledger and nothing else."""
    environment = described(run)["one"].environment
    assert environment is not None
    (stored,) = (run.output / "ledger" / "environments").glob(f"{environment.digest}.*.solution.json")
    asked = ("env", "build", "--digest", environment.digest[:12], "--output", run.output)
    done = harness(*asked, HARNESS_CACHE_DIR=str(tmp_path), **NEVER)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "solving" not in done.stderr
    (lock,) = (tmp_path / "environments" / "venv").glob(f"{environment.name}-*/requirements.lock")
    assert lock.read_text("utf-8") == json.loads(stored.read_bytes())["lock"]
    assert f"onnxruntime=={OTHER}" in lock.read_text("utf-8")
