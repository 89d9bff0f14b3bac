"""The same verdicts as the reference runtime's own test command, in the same environments."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from harness.cell import WeightsFormat
from harness.environments import store
from harness.environments.built import run_variables
from harness.environments.spec import load_all
from harness.ledger.record import Record
from harness.verdict import Status

from .broken import copy_model, update_sha256
from .conftest import ROOT, Run, run_harness

pytestmark = pytest.mark.slow

# The command cannot be asked for keras_v3 alone, so the function behind it is called.
_KERAS_V3 = """
import sys
from bioimageio.core import test_model
summary = test_model(sys.argv[1], weight_format="keras_v3")
open(sys.argv[2], "w").write(summary.model_dump_json())
"""


def reference_passes(source: Path, record: Record, scratch: Path) -> bool:
    """What ``bioimageio test`` says of a model in the environment of a record."""
    assert record.environment
    assert record.weights_format
    spec = load_all(ROOT / "environments")[record.environment.name]
    built = store.find(spec, record.environment.backend)
    assert built, "the run built it"
    scratch.mkdir()
    summary = scratch / "summary.json"
    command = (
        ["-c", _KERAS_V3, str(source), str(summary)]
        if record.weights_format is WeightsFormat.KERAS_V3
        else [
            *("-m", "bioimageio.core", "test", str(source)),
            *(f"--weight-format={record.weights_format.value}", f"--summary={summary}"),
        ]
    )
    done = subprocess.run(
        [built.python, *command],
        env={
            **run_variables(built, threads=1),
            "HOME": str(scratch),
            "BIOIMAGEIO_CACHE_PATH": str(scratch),
            "TMPDIR": str(scratch),
        },
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert summary.exists(), done.stderr
    return bool(json.loads(summary.read_text("utf-8"))["status"] == "passed")


def compare(run: Run, collection: Path, scratch: Path) -> dict[tuple[str, str, str], tuple[bool, bool]]:
    """For every cell that ran: (ours, theirs)."""
    records = [record for record in run.records if record.environment]

    def theirs(numbered: tuple[int, Record]) -> bool:
        number, record = numbered
        return reference_passes(collection / record.model.source, record, scratch / str(number))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        answers = list(pool.map(theirs, enumerate(records)))
    return {
        (r.model.id, r.weights_format.value if r.weights_format else "", r.environment.name): (
            r.status is Status.PASSED,
            answer,
        )
        for r, answer in zip(records, answers, strict=True)
        if r.environment
    }


def test_on_the_collection(collection_run: Run, collection: Path, tmp_path: Path) -> None:
    verdicts = compare(collection_run, collection, tmp_path)
    assert len(verdicts) >= 20
    assert {cell: pair for cell, pair in verdicts.items() if pair != (True, True)} == {}


def test_on_real_models(real_run: Run, real_models: Path, tmp_path: Path) -> None:
    verdicts = compare(real_run, real_models, tmp_path)
    assert {cell: pair for cell, pair in verdicts.items() if pair != (True, True)} == {}


@pytest.fixture(scope="module")
def broken_models(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that do not do what they say, each in one way."""
    folder = tmp_path_factory.mktemp("broken")
    original = collection / "nuclei-unet2d"

    differs = copy_model(original, folder, "output-differs")
    array = np.load(differs / "test_probability.npy")
    np.save(differs / "test_probability.npy", np.clip(array * 0.9 + 0.02, 0, 1))
    update_sha256(differs, "test_probability.npy")

    truncated = copy_model(original, folder, "weights-truncated")
    data = (truncated / "weights.onnx").read_bytes()
    (truncated / "weights.onnx").write_bytes(data[: len(data) // 2])
    update_sha256(truncated, "weights.onnx")

    few = copy_model(original, folder, "few-elements-differ")
    array = np.load(few / "test_probability.npy")
    array.reshape(-1)[0] += 0.5  # one element: within the allowed mismatches per million or not?
    np.save(few / "test_probability.npy", array)
    update_sha256(few, "test_probability.npy")

    variant = copy_model(original, folder, "variant-fails")
    text = (variant / "rdf.yaml").read_text("utf-8")
    (variant / "rdf.yaml").write_text(text.replace("step: 16", "step: 1"), "utf-8")
    return folder


def test_on_broken_models(broken_models: Path, tmp_path: Path) -> None:
    run = run_harness(broken_models, tmp_path / "run", "--weights", "onnx")
    assert run.code == 1
    (tmp_path / "reference").mkdir()
    verdicts = compare(run, broken_models, tmp_path / "reference")
    assert {model: pair[0] == pair[1] for (model, _, _), pair in verdicts.items()} == dict.fromkeys(
        ["few-elements-differ", "output-differs", "variant-fails", "weights-truncated"], True
    )
    reasons = {record.model.id: record.reason for record in run.records}
    assert reasons["output-differs"] == "values-differ"
    assert reasons["weights-truncated"] == "load-failed"
    assert reasons["variant-fails"] == "variant-fails"
