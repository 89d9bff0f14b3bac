"""StarDist: which models it opens, and what it makes of a package in the form of its own export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import Description
from harness.consumers import stardist
from harness.verdict import Check, CheckStatus, Status
from tests.consumers.described import content_of, opened, why_not
from tests.main_job.conftest import run_harness

SAVED_MODEL = WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE
MODEL = "nuclei-stardist2d"


@pytest.fixture
def exported(collection: Path) -> dict[str, Any]:
    """What the export describes."""
    return content_of(collection / f"{MODEL}.zip")


def test_of_the_collection_it_opens_what_it_exported(
    of_collection: dict[str, Description],
) -> None:
    assert opened(stardist, of_collection) == {(MODEL, SAVED_MODEL.value)}


def test_of_the_zoo_it_opens_what_it_exported(of_zoo: dict[str, Description]) -> None:
    assert opened(stardist, of_zoo) == {("sincere-microbe", SAVED_MODEL.value)}


def test_what_the_export_writes_must_be_there(exported: dict[str, Any]) -> None:
    assert why_not(stardist, exported, SAVED_MODEL) == ""
    assert "not torchscript" in why_not(stardist, exported, WeightsFormat.TORCHSCRIPT)
    without_weights = {**exported, "attachments": {"files": ["expected_labels.npy"]}}
    assert "the Keras weights (.h5)" in why_not(stardist, without_weights, SAVED_MODEL)
    config = {key: value for key, value in exported["config"].items() if key != "stardist"}
    assert "config.stardist" in why_not(stardist, {**exported, "config": config}, SAVED_MODEL)


def test_images_are_scaled_between_percentiles_alone(exported: dict[str, Any]) -> None:
    steps = [{"name": "zero_mean_unit_variance", "kwargs": {"mode": "per_sample", "axes": "yx"}}]
    other = {**exported, "inputs": [{**exported["inputs"][0], "preprocessing": steps}]}
    assert "zero_mean_unit_variance" in why_not(stardist, other, SAVED_MODEL)


@pytest.mark.slow
def test_maps_and_objects_are_those_of_the_package(collection: Path, tmp_path: Path) -> None:
    run = run_harness(collection, tmp_path, "--consumer", "stardist", "--select", MODEL)
    (record,) = run.records
    assert record.status is Status.PASSED, record.message
    assert (record.depth.value, record.consumer.version) == ("tool", "0.9.2")
    maps, labels = record.outputs
    assert (maps.name, maps.shape, maps.comparison) == ("output", (1, 80, 80, 9), "values")
    assert maps.max_abs_diff is not None
    assert maps.max_abs_diff < 1e-4
    assert (labels.name, labels.shape, labels.comparison) == ("labels", (1, 80, 80), "partition")
    variants = next(check for check in record.checks if check.name is Check.VARIANTS)
    assert variants.status is CheckStatus.PASSED, variants.message
