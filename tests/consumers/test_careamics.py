"""CAREamics opens what it exported, says so of everything else, and predicts the same as when it exported."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import parse_description
from harness.collection.description_yaml import read_description
from harness.consumers import careamics
from harness.verdict import Reason, Status
from tests.main_job.conftest import run_harness
from tests.zoo.building import update_sha256

MODEL = "spots-n2v2d"
STATE_DICT = WeightsFormat.PYTORCH_STATE_DICT


def test_its_own_export(collection: Path) -> None:
    content = read_description(collection / MODEL / "rdf.yaml", shown=MODEL)
    assert careamics.applicable(parse_description(content, shown=MODEL).description, STATE_DICT) is None


def test_other_weights_and_other_models(collection: Path) -> None:
    content = read_description(collection / "nuclei-unet2d" / "rdf.yaml", shown="nuclei-unet2d")
    description = parse_description(content, shown="nuclei-unet2d").description
    assert careamics.applicable(description, WeightsFormat.ONNX) == "CAREamics opens PyTorch state dicts only"
    why = careamics.applicable(description, STATE_DICT)
    assert why == "CAREamics opens only what it exported itself, and no attachment is called careamics.yaml"


def test_in_the_zoo(zoo_descriptions: dict[str, dict[str, Any]]) -> None:
    opened = {
        name
        for name, content in zoo_descriptions.items()
        if STATE_DICT.value in content.get("weights", ())
        and careamics.applicable(parse_description(content, shown=name).description, STATE_DICT) is None
    }
    assert opened == {"dazzling-spider", "jolly-ox", "shy-lobster"}


@pytest.mark.slow
def test_it_runs_its_own_export_and_tells_a_changed_one(collection: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("as-exported", "other-network", "other-answer"):
        shutil.copytree(collection / MODEL, models / name)
    configuration = models / "other-network" / "careamics.yaml"
    configuration.write_text(configuration.read_text("utf-8").replace("init: 8", "init: 4"), "utf-8")
    update_sha256(models / "other-network", "careamics.yaml")
    shutil.copyfile(models / "other-answer" / "inputs.npy", models / "other-answer" / "outputs.npy")
    update_sha256(models / "other-answer", "outputs.npy")

    run = run_harness(models, tmp_path / "output", "--consumer", "careamics")

    found = {record.model.id: (record.status, record.reason) for record in run.records}
    assert found == {
        "as-exported": (Status.PASSED, None),
        "other-network": (Status.FAILED, Reason.LOAD_FAILED.slug),
        "other-answer": (Status.FAILED, Reason.VALUES_DIFFER.slug),
    }, run.stderr
