"""SpotMAX: which models it opens, and what becomes of them in its wrapper of the reference runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cell import WeightsFormat
from harness.collection.description import Description
from harness.consumers import spotmax
from harness.ledger.record import Record
from harness.verdict import Blame, Status
from tests.consumers.described import opened
from tests.main_job.conftest import run_harness

STATE_DICT, TORCHSCRIPT = WeightsFormat.PYTORCH_STATE_DICT, WeightsFormat.TORCHSCRIPT


def test_of_the_collection_it_opens_what_takes_one_image_of_one_channel(
    of_collection: dict[str, Description],
) -> None:
    assert {name for name, _ in opened(spotmax, of_collection)} == {
        "foci-binary2d",
        "membrane-unet2d",
        "nuclei-labels2d",
        "nuclei-unet2d",
        "nuclei-unet3d",
        "spots-n2v2d",
    }


def test_two_inputs_and_two_channels_are_not_for_it(of_collection: dict[str, Description]) -> None:
    def why_not(name: str, weights: WeightsFormat) -> str:
        return spotmax.applicable(of_collection[name], weights) or ""

    assert "one image, the model takes 2" in why_not("cells-two-channel", TORCHSCRIPT)
    assert "one channel, the model takes 2" in why_not("nuclei-cellpose2d", STATE_DICT)
    assert "does not open onnx" in why_not("nuclei-unet2d", WeightsFormat.ONNX)


def test_every_no_for_a_model_of_the_zoo_has_a_reason(of_zoo: dict[str, Description]) -> None:
    assert 0 < len(opened(spotmax, of_zoo)) < 87


def run_both(models: Path, output: Path, *select: str) -> dict[tuple[str, str], Record]:
    """The records of the reference runtime and of SpotMAX for TorchScript weights, by model and tool."""
    tools = ("--consumer", "bioimageio.core", "--consumer", "spotmax", "--weights", "torchscript")
    run = run_harness(models, output, *tools, *(word for name in select for word in ("--select", name)))
    return {(record.model.id, record.consumer.name): record for record in run.records}


@pytest.mark.slow
def test_masks_and_labels_come_out_of_it_and_probabilities_do_not(collection: Path, tmp_path: Path) -> None:
    found = run_both(
        collection, tmp_path, "foci-binary2d", "nuclei-labels2d", "nuclei-unet2d", "membrane-unet2d"
    )
    assert all(record.status is Status.PASSED for (_, tool), record in found.items() if tool != "spotmax")
    for name in ("foci-binary2d", "nuclei-labels2d"):
        assert found[name, "spotmax"].status is Status.PASSED, found[name, "spotmax"].message
    mask_of_probability = found["nuclei-unet2d", "spotmax"]
    assert mask_of_probability.status is Status.FAILED
    assert mask_of_probability.blame is Blame.TOOL
    assert "probability (first channel, where it is not 0)" in mask_of_probability.message
    assert "the reference runtime gives the declared outputs" in mask_of_probability.message
    old_format = found["membrane-unet2d", "spotmax"]
    assert (old_format.reason, old_format.blame) == ("exception", Blame.TOOL)
    assert "spotmax/BioImageIO/model.py" in old_format.message


@pytest.mark.slow
def test_its_padding_changes_what_a_real_network_predicts(real_models: Path, tmp_path: Path) -> None:
    found = run_both(real_models, tmp_path, "unet2d-nuclei-broad")
    ((_, record),) = [entry for entry in found.items() if entry[0][1] == "spotmax"]
    assert (record.reason, record.blame) == ("values-differ", Blame.TOOL)
    predicted = record.outputs[0]
    assert predicted.max_abs_diff is not None
    assert 0.1 < predicted.max_abs_diff < 1
