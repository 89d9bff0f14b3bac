"""What the policy says of isolation and of scans holds in real runs, and is seen in what they leave."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from harness.cell import Backend
from harness.collection.cache import file_sha256
from harness.environments import store
from harness.environments.spec import load_all
from harness.ledger.record import CheckResult, Record
from harness.verdict import Blame, Check, CheckStatus, Reason, Status
from tests.collection.scan.payloads import HARMLESS, attack
from tests.conftest import ONNX_ENVIRONMENT, ROOT, needs_level
from tests.zoo.building import COLLECTION, as_it_is, edit_array, package

from .conftest import Run, harness, run_harness

pytestmark = pytest.mark.slow

NOTES = "notes.pkl"
KERAS = """
import keras
image = keras.Input((96, 96, 1))
double = keras.layers.Lambda(lambda values: 2 * values, output_shape=(96, 96, 1))(image)
model = keras.Model(image, double)
model.save("weights.h5")
model.save("weights.keras")
"""


def attach(folder: Path, data: bytes) -> Path:
    """A good model to which a file is attached that no tool opens."""
    with package(folder, "onnx") as content:
        (folder / NOTES).write_bytes(data)
        content["attachments"] = [{"source": NOTES}]
    return folder / NOTES


def run_with(models: Path, policy: str, *options: str) -> Run:
    (models / "policy.toml").write_text(f"schema = 1\n{policy}\n", "utf-8")
    return run_harness(models, models.parent / "out", *options)


def only(run: Run) -> tuple[Record, CheckResult]:
    """The one record, and its check *scan*."""
    (record,) = run.records
    scan = record.check(Check.SCAN)
    assert scan is not None
    return record, scan


def allowed(finding: str, **more: str) -> str:
    entry = {"finding": finding, "why": "reviewed in #12", **more}
    return "[[scan.allow]]\n" + "\n".join(f'{name} = "{value}"' for name, value in entry.items())


@pytest.mark.parametrize("level", ["process", "sandbox"])
def test_the_policys_level_is_used_and_recorded(level: str, tmp_path: Path) -> None:
    needs_level(level)
    as_it_is("onnx")(tmp_path / "models" / "good")
    run = run_with(tmp_path / "models", f'[isolation]\nlevel = "{level}"')
    assert run.code == 0, run.stdout + run.stderr
    (record,) = run.records
    assert record.isolation == level
    again = run_with(tmp_path / "models", '[isolation]\nlevel = "container"\ncontainer = "each"')
    assert "0 run now" in again.stdout, "no verdict depends on it"


def test_a_reproduced_cell_is_as_isolated_as_the_policy_says(tmp_path: Path) -> None:
    as_it_is("onnx")(tmp_path / "models" / "good")
    run = run_with(tmp_path / "models", '[isolation]\nlevel = "process"')
    (record,) = run.records
    done = harness("reproduce", record.key, "--output", run.output)
    assert (done.returncode, "isolation: process" in done.stderr) == (0, True), done.stdout + done.stderr


def test_what_was_reviewed_is_let_through_and_told(tmp_path: Path) -> None:
    models = tmp_path / "models"
    notes = attach(models / "attached", attack())
    record, scan = only(run_with(models, ""))
    assert record.reason == Reason.DANGEROUS_CONTENT.slug

    finding = f"imports {os.name}.system"
    run = run_with(models, allowed(finding, model="attached", sha256=file_sha256(notes)))
    assert run.code == 0, run.stdout + run.stderr
    assert f"{ONNX_ENVIRONMENT}: passed; finding: scan (" in run.stderr
    record, scan = only(run)
    told = f"{NOTES} {finding} (allowed: reviewed in #12)"
    assert (record.status, scan.status) == (Status.PASSED, CheckStatus.FAILED)
    assert told in scan.message
    page = (run.output / "site" / "models" / "attached@1.0.0.html").read_text("utf-8")
    assert told in page
    listed = harness("results", "--output", run.output).stdout
    assert "finding: scan" in listed

    run = run_with(models, allowed(finding, model="attached", sha256="0" * 64))
    assert run.code == 1, "another file was reviewed"
    assert only(run)[0].reason == Reason.DANGEROUS_CONTENT.slug


def test_what_cannot_be_scanned(tmp_path: Path) -> None:
    models = tmp_path / "models"
    attach(models / "attached", HARMLESS[:-1])
    run = run_with(models, "")
    record, scan = only(run)
    assert (run.code, record.reason, record.status) == (3, "scan-failed", Status.INCONCLUSIVE)
    assert record.check(Check.RUNS) is not None, "it was loaded"

    run = run_with(models, '[scan]\nunreadable = "block"')
    record, scan = only(run)
    assert (run.code, record.reason, record.status) == (1, "scan-failed", Status.FAILED)
    assert record.blame is Blame.MODEL
    assert record.check(Check.RUNS) is None, "it was not loaded"

    run = run_with(models, '[scan]\nunreadable = "allow"')
    record, scan = only(run)
    assert (run.code, record.status, scan.status) == (0, Status.PASSED, CheckStatus.INCONCLUSIVE)
    assert f"{NOTES} cannot be scanned: " in scan.message


def test_a_real_keras_lambda_reaches_the_tool_if_it_is_let_through(tmp_path: Path) -> None:
    built = store.ensure(load_all(ROOT / "environments")["keras-torch"], Backend.VENV, on_progress=print)
    models = tmp_path / "models"
    folder = models / "doubles"
    with package(folder, "keras_hdf5", "keras_v3", original=COLLECTION / "spots-denoise2d"):
        environment = {**os.environ, **built.variables}
        subprocess.run([built.python, "-B", "-c", KERAS], cwd=folder, env=environment, check=True)
        noisy = np.load(folder / "test_noisy.npy").astype("float32")
        edit_array(folder / "test_restored.npy", lambda _: np.clip(2 * noisy - 115, 0, 65535))
    blocked = run_with(models, "")
    assert {record.reason for record in blocked.records} == {Reason.DANGEROUS_CONTENT.slug}

    run = run_with(models, allowed("holds a Keras lambda*", weights="keras_*"))
    assert len(run.records) == 4
    for record in run.records:
        assert record.reason == Reason.LOAD_FAILED.slug
        assert "deserialization of a `Lambda` layer" in record.message, "the tool's own word"
