"""What weights entries say of the packages that they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cell import WeightsFormat
from harness.collection.dependencies import Dependencies, find
from tests.collection import packages

TORCH = WeightsFormat.PYTORCH_STATE_DICT


@pytest.mark.parametrize(
    ("entry", "manager", "source", "version"),
    [
        ({"dependencies": {"source": "environment.yml", "sha256": "a"}}, "conda", "environment.yml", ""),
        (
            {"dependencies": "conda:./environment.yaml", "pytorch_version": "1.9"},
            "conda",
            "./environment.yaml",
            "1.9",
        ),
        ({"dependencies": "mamba:env.yaml", "pytorch_version": 1.13}, "conda", "env.yaml", "1.13"),
        (
            {"dependencies": "pip:requirements.txt", "tensorflow_version": "2.11"},
            "pip",
            "requirements.txt",
            "2.11",
        ),
        ({"dependencies": "maven:https://a.org/pom.xml"}, "maven", "https://a.org/pom.xml", ""),
    ],
)
def test_a_file_and_whose_it_is(entry: dict[str, Any], manager: str, source: str, version: str) -> None:
    (found,) = find({"weights": {TORCH.value: entry}})
    expected = Dependencies(weights_format=TORCH, manager=manager, source=source, framework_version=version)
    assert found == expected


@pytest.mark.parametrize(
    "weights", [{}, None, {"onnx": None}, {"onnx": {}}, {"onnx": {"dependencies": "pip:"}}, {"caffe": {}}]
)
def test_nothing_is_declared(weights: dict[str, Any] | None) -> None:
    assert find({"weights": weights}) == ()


def test_a_model_knows_the_file(tmp_path: Path) -> None:
    entry = packages.old_content()["weights"]["torchscript"] | {"dependencies": "pip:./r.txt"}
    packages.write_model(tmp_path, packages.old_content(), weights={"torchscript": entry})
    (tmp_path / "r.txt").write_text("tqdm\n")
    model = packages.good(tmp_path)
    (declared,) = model.description.dependencies
    assert model.paths[declared.source].read_text() == "tqdm\n"
