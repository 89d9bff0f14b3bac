"""The same verdicts as the reference runtime's own test command, in the same environments."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from harness.environments import store
from harness.environments.spec import load_all
from harness.ledger.record import Record
from harness.limits import Limits
from harness.verdict import Status
from tests.zoo.differential.reference import Reference, reference

from .broken import copy_model, update_sha256
from .conftest import ROOT, Run, run_harness

pytestmark = pytest.mark.slow

PATIENT = Limits(seconds=600)


def reference_passes(command: Reference, source: Path, record: Record) -> bool:
    """What ``bioimageio test`` says of a model in the environment of a record."""
    assert record.environment
    spec = load_all(ROOT / "environments")[record.environment.name]
    built = store.find(spec, record.environment.backend)
    assert built, "the run built it"
    outcome = command.test(source, record.weights_format, built, limits=PATIENT)
    assert outcome.passed is not None, outcome
    return outcome.passed


def compare(run: Run, collection: Path) -> dict[tuple[str, str, str], tuple[bool, bool]]:
    """For every cell that ran: (ours, theirs)."""
    records = [record for record in run.records if record.environment]

    def theirs(record: Record) -> bool:
        return reference_passes(command, collection / record.model.source, record)

    with reference() as command, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        answers = list(pool.map(theirs, records))
    return {
        (r.model.id, r.weights_format.value if r.weights_format else "", r.environment.name): (
            r.status is Status.PASSED,
            answer,
        )
        for r, answer in zip(records, answers, strict=True)
        if r.environment
    }


def test_on_the_collection(collection_run: Run, collection: Path) -> None:
    verdicts = compare(collection_run, collection)
    assert len(verdicts) >= 20
    # Its network is part of CAREamics, which neither has here.
    of_careamics = {("spots-n2v2d", "pytorch_state_dict", "pytorch"): (False, False)}
    assert {cell: pair for cell, pair in verdicts.items() if pair != (True, True)} == of_careamics


def test_on_real_models(real_run: Run, real_models: Path) -> None:
    verdicts = compare(real_run, real_models)
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
    verdicts = compare(run, broken_models)
    assert {model: pair[0] == pair[1] for (model, _, _), pair in verdicts.items()} == dict.fromkeys(
        ["few-elements-differ", "output-differs", "variant-fails", "weights-truncated"], True
    )
    reasons = {record.model.id: record.reason for record in run.records}
    assert reasons["output-differs"] == "values-differ"
    assert reasons["weights-truncated"] == "load-failed"
    assert reasons["variant-fails"] == "variant-fails"
