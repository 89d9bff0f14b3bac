"""Cellpose: which models it opens, and whether its own network class reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import Description
from harness.consumers import cellpose
from harness.verdict import Status
from tests.consumers.described import content_of, opened, why_not
from tests.main_job.conftest import run_harness

STATE_DICT = WeightsFormat.PYTORCH_STATE_DICT
MODEL = "nuclei-cellpose2d"


@pytest.fixture
def exported(collection: Path) -> dict[str, Any]:
    """What a package in the form of Cellpose's export describes."""
    return content_of(collection / f"{MODEL}.zip")


def test_of_the_collection_it_opens_its_own_network(
    of_collection: dict[str, Description],
) -> None:
    assert opened(cellpose, of_collection) == {(MODEL, STATE_DICT.value)}


def test_code_around_cellpose_is_not_its_network(of_zoo: dict[str, Description]) -> None:
    assert opened(cellpose, of_zoo) == set()
    for name in ("happy-elephant", "merry-gorilla", "thoughtful-chipmunk"):
        assert "of CellPoseWrapper" in str(cellpose.applicable(of_zoo[name], STATE_DICT))


def test_the_architecture_must_be_its_network(exported: dict[str, Any]) -> None:
    assert why_not(cellpose, exported, STATE_DICT) == ""
    assert "not torchscript" in why_not(cellpose, exported, WeightsFormat.TORCHSCRIPT)
    entry = exported["weights"][STATE_DICT.value]
    for architecture in ({**entry["architecture"], "callable": "UNet2d"},):
        weights = {STATE_DICT.value: {**entry, "architecture": architecture}}
        assert "are of UNet2d" in why_not(cellpose, {**exported, "weights": weights}, STATE_DICT)


def test_it_scales_images_itself(exported: dict[str, Any]) -> None:
    (raw,) = exported["inputs"]
    steps = [{"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"]}}]
    other = {**exported, "inputs": [{**raw, "preprocessing": steps}]}
    assert "without the step zero_mean_unit_variance" in why_not(cellpose, other, STATE_DICT)


@pytest.mark.slow
def test_its_own_class_reads_the_weights(collection: Path, tmp_path: Path) -> None:
    run = run_harness(collection, tmp_path, "--consumer", "cellpose", "--select", MODEL)
    (record,) = run.records
    assert record.status is Status.PASSED, record.message
    assert (record.depth.value, record.consumer.version) == ("tool", "3.1.1.3")
    assert [output.name for output in record.outputs] == [
        "flow",
        "style",
        "downsampled_0",
        "downsampled_1",
        "downsampled_2",
    ]
    assert all(output.max_abs_diff is not None and output.max_abs_diff < 1e-4 for output in record.outputs)
