"""Which models of the zoo link a notebook of ZeroCostDL4Mic that opens their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.cell import Backend, Depth, WeightsFormat
from harness.collection.description import parse_description
from harness.consumers import zerocostdl4mic
from harness.plan.make import make_plan
from harness.plan.matrix import Selection
from harness.verdict import Status
from tests.collection.packages import write_model

KERAS, SAVED_MODEL = WeightsFormat.KERAS_HDF5, WeightsFormat.TENSORFLOW_SAVED_MODEL_BUNDLE
TORCHSCRIPT = WeightsFormat.TORCHSCRIPT


def _why(content: dict[str, Any], weights: WeightsFormat) -> str | None:
    return zerocostdl4mic.applicable(parse_description(content, shown="rdf.yaml").description, weights)


def test_the_models_of_the_zoo_that_name_their_notebook(zoo_descriptions: dict[str, dict[str, Any]]) -> None:
    """All that link one, whatever the spelling of its id: U-Net multilabel, StarDist and pix2pix."""
    linking = {
        name
        for name, content in zoo_descriptions.items()
        if any(str(link).lower().startswith("zero/notebook") for link in content.get("links") or ())
    }
    assert linking == {"placid-llama", "sincere-microbe", "dynamic-t-rex"}
    assert _why(zoo_descriptions["placid-llama"], KERAS) is None
    assert _why(zoo_descriptions["placid-llama"], SAVED_MODEL) is None
    assert _why(zoo_descriptions["sincere-microbe"], SAVED_MODEL) is None
    assert _why(zoo_descriptions["dynamic-t-rex"], TORCHSCRIPT) is None


def test_what_is_in_the_way_is_said(zoo_descriptions: dict[str, dict[str, Any]]) -> None:
    stardist = zoo_descriptions["sincere-microbe"]
    assert "stardist_2d does not install PyTorch" in str(_why(stardist, TORCHSCRIPT))
    assert "opens onnx weights" in str(_why(stardist, WeightsFormat.ONNX))
    assert "is among the model's links" in str(_why(zoo_descriptions["affable-shark"], TORCHSCRIPT))
    unknown = {**stardist, "links": ["zero/Notebook_New_ZeroCostDL4Mic"]}
    assert _why(unknown, SAVED_MODEL) == "it is not known here what the linked notebook new installs"


def test_its_cells_are_settled_without_an_environment(tmp_path: Path) -> None:
    write_model(tmp_path / "linked", id="linked", links=["zero/Notebook_pix2pix_2D_ZeroCostDL4Mic"])
    write_model(tmp_path / "other", id="other")
    plan = make_plan(
        str(tmp_path),
        specs={},
        backend=Backend.VENV,
        selection=Selection(consumers=("zerocostdl4mic",)),
        settings={},
        created_at="now",
    ).plan
    settled = {
        cell.cell.model.id: cell.settled.verdict.status
        for cell in plan.cells
        if cell.settled and cell.cell.environment is None and cell.depth is Depth.STATIC
    }
    assert settled == {"linked": Status.PASSED, "other": Status.NOT_APPLICABLE}
    assert not plan.environments
